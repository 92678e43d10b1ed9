// SPDX-License-Identifier: BSL-1.0
#include "resolve.hpp"

#include <algorithm>
#include <ctime>
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include <weft/core/codec.hpp>
#include <weft/core/error.hpp>

#include "store_files.hpp"
#include "transaction_text.hpp"

namespace weft::txn_app {
namespace {

using nlohmann::json;

template <class T>
void append_value(journal& to, std::uint16_t type, const T& value) {
  byte_buffer bytes;
  encode(bytes, value);
  to.append(type, bytes.bytes());
}

void append_record(journal& to, const txn::record& head, const txn::entries* redo) {
  byte_buffer front, back;
  txn::encode(front, head);
  if (redo != nullptr) encode(back, *redo);
  to.append(txn::protocol_record_type, front.bytes(), back.bytes());
}

/// What one journal holds, as a snapshot: nothing of it is decided by that.
void write_again(seen_journal& from, journal& to) {
  txn::entries cells;
  for (const auto& [key, value] : from.past.data()) {
    cells.keys.push_back(key);
    cells.values.emplace_back(value);
  }
  if (from.past.facts()) append_value(to, txn::facts_record_type, *from.past.facts());
  append_value(to, txn::cells_record_type, cells);
  txn::works_record works;
  for (const txn::found_work& each : from.past.works()) works.committed.push_back(each.what);
  if (!works.committed.empty()) append_value(to, txn::works_record_type, works);
  append_value(to, txn::outcomes_record_type, txn::record_of(from.past.committed()));
  for (const txn::heuristic_decision& each : from.past.heuristics()) append_value(to, txn::heuristic_record_type, each);
  for (const auto& [at, promise] : from.past.promises()) append_record(to, promise.head, &promise.writes);
  for (const transaction_id& id : from.past.aborted()) {
    txn::record head;
    head.id = id;
    head.kind = txn::record_kind::aborted;
    append_record(to, head, nullptr);
  }
}

const doubt& find_doubt(const std::vector<doubt>& all, const transaction_id& id, const store_files& store) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const doubt& each) { return each.id == id; });
  if (found == all.end())
    throw usage_error(fmt::format("{} is not in doubt: {}", text_of(id), outcome_text(store, id)));
  if (!found->reason.ends_with("promises are there") && !found->reason.starts_with("no journal"))
    throw usage_error(fmt::format("{} is not in doubt: {}", text_of(id), found->reason));
  return *found;
}

}  // namespace

json resolve(storage& files, const command_line& line) {
  const transaction_id id = id_of(line.id);
  {
    const store_files store = read_store(files, line.directory);
    const std::vector<doubt> doubts = doubts_of(store);
    const doubt& one = find_doubt(doubts, id, store);
    std::cout << fmt::format("{}: a start would {} it, because {}\n", text_of(id), one.commits ? "commit" : "abort", one.reason);
  }
  if (!line.force) throw usage_error("nothing was done: deciding against the rules needs --force");
  const auto outcome = line.outcome == "commit" ? transaction_outcome::committed : transaction_outcome::aborted;
  txn::heuristic_decision decision;
  decision.id = id;
  decision.when = static_cast<std::int64_t>(std::time(nullptr));
  decision.outcome = outcome;
  store_files now;
  rewrite_store(
      files, line.directory, damage_policy::refuse,
      [&](store_files& found) {
        now = std::move(found);
        return now.run.writers;
      },
      [&](std::uint32_t writer, journal& to) {
        write_again(now.journals[writer], to);
        if (writer == 0) append_value(to, txn::heuristic_record_type, decision);
      });
  std::cout << fmt::format("the next start has it {}: written as an operator's decision\n", line.outcome);
  return {{"id", text_of(id)}, {"outcome", line.outcome}};
}

}  // namespace weft::txn_app
