// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/replay.hpp>

#include <algorithm>

#include <weft/core/codec.hpp>
#include <weft/core/error.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/txn/decide.hpp>

namespace weft::txn {
namespace {

template <class T>
T decode_payload_of(std::span<const std::byte> bytes) {
  T value;
  reader in(bytes);
  decode(in, value);
  if (in.remaining() != 0) throw decode_error("a record of a store is longer than its content");
  return value;
}

entries decode_writes(std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  entries writes = decode_payload_of<entries>(bytes);
  if (writes.keys.size() != writes.values.size())
    throw decode_error("a record of a store has another number of values than of keys");
  return writes;
}

}  // namespace

outcomes_record record_of(const outcome_table& all) {
  outcomes_record record;
  record.first_epoch = all.first_epoch();
  all.for_each([&](std::uint32_t epoch, std::uint32_t coordinator, const outcome_table::coordinator_outcomes& of) {
    record.committed.push_back({epoch, coordinator, of});
  });
  return record;
}

void add(outcome_table& to, std::uint32_t first_epoch, std::span<const testimony::commits> all) {
  to.forget_runs_before(first_epoch);
  for (const auto& each : all) to.add(each.epoch, each.coordinator, each.outcomes);
}

std::vector<transaction_id> judge(std::span<const testimony> all, outcome_table& outcomes) {
  std::map<transaction_id, findings> doubts;
  for (const testimony& one : all) {
    add(outcomes, one.first_epoch, one.committed);
    for (const auto& promise : one.prepared) {
      findings& found = doubts[promise.id];
      found.listed = promise.listed;
      ++found.prepared;
    }
  }
  for (const testimony& one : all) {
    for (const transaction_id& id : one.aborted) {
      const auto found = doubts.find(id);
      if (found == doubts.end()) continue;
      WEFT_REACHED("txn.recorded_abort_ends_a_doubt");
      found->second.aborted = !WEFT_PLANTED("txn.recorded_abort_is_overlooked");
    }
  }
  std::vector<transaction_id> committed;
  for (auto& [id, found] : doubts) {
    found.committed = outcomes.has_committed(id) && !WEFT_PLANTED("txn.commit_in_another_journal_is_overlooked");
    if (found.committed) WEFT_REACHED("txn.another_journal_knows_the_outcome");
    if (WEFT_PLANTED("txn.every_promise_is_kept")) found.prepared = found.listed = 1;
    if (decide(found)) committed.push_back(id);
  }
  for (const transaction_id& id : committed) outcomes.add_committed(id);
  return committed;
}

void replay::visit(std::uint32_t writer, std::uint16_t type, std::span<const std::byte> payload) {
  if (type == protocol_record_type) return visit(writer, decode_record(payload));
  if (type == cells_record_type) return apply({}, decode_writes(payload));
  if (type == outcomes_record_type) {
    const auto known = decode_payload_of<outcomes_record>(payload);
    return add(committed_, known.first_epoch, known.committed);
  }
  if (type == works_record_type) {
    for (work_record& each : decode_payload_of<works_record>(payload).committed) works_.push_back({std::move(each), true});
    return;
  }
  if (type == facts_record_type) {
    facts_ = decode_payload_of<store_facts>(payload);
    return;
  }
  if (type == heuristic_record_type) return visit(decode_payload_of<heuristic_decision>(payload));
  throw decode_error("this is not the journal of a store");
}

void replay::visit(std::uint32_t writer, const decoded_record& what) {
  const auto promise = prepared_.find({writer, what.head.id});
  switch (what.head.kind) {
    case record_kind::prepared:
      prepared_[{writer, what.head.id}] = {what.head, decode_writes(what.redo)};
      return;
    case record_kind::committed:
      committed_.add_committed(what.head.id);
      if (what.head.is_alone) apply(what.head.id, decode_writes(what.redo));
      if (what.head.is_alone || promise == prepared_.end()) return;
      if (!WEFT_PLANTED("txn.kept_promise_lacks_its_writes")) apply(what.head.id, promise->second.writes);
      prepared_.erase(promise);
      return;
    case record_kind::aborted:
      aborted_.push_back(what.head.id);
      if (promise != prepared_.end()) prepared_.erase(promise);
      return;
    default:
      return;
  }
}

void replay::visit(const heuristic_decision& what) {
  heuristics_.push_back(what);
  if (what.outcome == transaction_outcome::committed) {
    committed_.add_committed(what.id);
  } else {
    aborted_.push_back(what.id);
  }
}

void replay::note_works(const transaction_id& id, const entries& writes, bool commits) {
  for (std::size_t i = 0; i < writes.keys.size(); ++i) {
    if (is_work(writes.keys[i])) works_.push_back({{id, writes.keys[i], writes.values[i].value_or("")}, commits});
  }
}

void replay::apply(const transaction_id& id, const entries& writes) {
  note_works(id, writes, true);
  for (std::size_t i = 0; i < writes.keys.size(); ++i) {
    if (is_work(writes.keys[i])) continue;
    if (writes.values[i]) {
      data_.insert_or_assign(writes.keys[i], *writes.values[i]);
    } else {
      data_.erase(writes.keys[i]);
    }
  }
}

testimony replay::tell() const {
  testimony all;
  for (const auto& [at, promise] : prepared_) {
    const record& head = promise.head;
    all.prepared.push_back({at.second, head.is_listed ? static_cast<std::uint32_t>(head.voters.size()) : 0});
  }
  all.aborted = aborted_;
  outcomes_record known = record_of(committed_);
  all.committed = std::move(known.committed);
  all.first_epoch = known.first_epoch;
  return all;
}

std::pair<std::size_t, std::size_t> replay::resolve(std::span<const transaction_id> committed) {
  std::pair<std::size_t, std::size_t> counts;
  for (const auto& [at, promise] : prepared_) {
    const bool commits = std::binary_search(committed.begin(), committed.end(), at.second);
    ++(commits ? counts.first : counts.second);
    commits ? apply(at.second, promise.writes) : note_works(at.second, promise.writes, false);
  }
  prepared_.clear();
  return counts;
}

}  // namespace weft::txn
