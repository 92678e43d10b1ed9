// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/resource_manager.hpp>

#include <algorithm>
#include <utility>

#include <weft/core/planted_fault.hpp>

namespace weft::txn {
namespace {

constexpr std::size_t others_outcomes_kept = 1024;

}  // namespace

resource_manager::resource_manager(site& around, partition& data, lock_policy policy, int ranks,
                                   outcome_table* outcomes, participants* beside)
    : around_(around),
      data_(data),
      outcomes_(outcomes),
      beside_(beside),
      locks_(policy),
      kept_(static_cast<std::size_t>(ranks)) {}

void resource_manager::on_message(int from, wire&& message) {
  forget_finished(from, message.finished);
  // The coordinator knows better; this is for the case that its journal does not.
  if (outcomes_ != nullptr) outcomes_->trim(message.id.epoch, message.id.coordinator, message.finished, others_outcomes_kept);
  if (message.kind == wire_kind::protocol) {
    on_protocol(from, std::move(message));
  } else {
    on_request(from, std::move(message));
  }
}

resource_manager::work& resource_manager::open(int from, const wire& message) {
  if (const auto known = works_.find(message.id); known != works_.end()) return known->second;
  work& of = fresh(message.id);
  of.core.begin_work();
  of.coordinator = from;
  of.owner = ++last_owner_;
  of.age = message.age;
  if (locks_.policy() == lock_policy::wound_wait) owners_.emplace(of.owner, message.id);
  return of;
}

/// Its memory is that of a work that is over, if there is one.
resource_manager::work& resource_manager::fresh(const transaction_id& id) {
  if (spare_.empty()) return works_.try_emplace(id).first->second;
  auto node = std::move(spare_.back());
  spare_.pop_back();
  node.key() = id;
  return works_.insert(std::move(node)).position->second;
}

void resource_manager::drop(works::iterator at) {
  if (locks_.policy() == lock_policy::wound_wait) owners_.erase(at->second.owner);
  if (spare_.size() == most_spare) {
    works_.erase(at);
    return;
  }
  auto node = works_.extract(at);
  node.mapped().clear();
  spare_.push_back(std::move(node));
}

void resource_manager::on_request(int from, wire&& message) {
  request what;
  what.id = message.id;
  what.what = message.kind == wire_kind::secure ? purpose::secure
              : message.kind == wire_kind::call ? purpose::call
              : message.kind == wire_kind::take ? purpose::take
                                                : purpose::read;
  what.mode = message.mode;
  what.ticket = message.ticket;
  what.calls = std::move(message.calls);
  what.data = std::move(message.data);
  work& of = open(from, message);
  of.age = message.age;
  if (what.what == purpose::take) return take_item(std::move(what));
  take_locks(std::move(what));
}

void resource_manager::on_protocol(int from, wire&& message) {
  const bool asks = message.what == message_kind::prepare || message.what == message_kind::prepare_listed ||
                    message.what == message_kind::commit_alone;
  if (asks && message.opens) open(from, message);
  effects out;
  const auto found = works_.find(message.id);
  if (found == works_.end()) {
    participant unknown;
    unknown.on_message(message.what, out);
    work stranger;
    stranger.coordinator = from;
    for (const outgoing& m : out.messages) send(message.id, stranger, m.what);
    return;
  }
  work& of = found->second;
  if (asks && of.core.now() == participant::state::working) {
    of.asked = std::move(message.data);
    of.calls = std::move(message.calls);
    of.voters = std::move(message.voters);
  }
  of.core.on_message(message.what, out);
  act(message.id, of, out);
}

void resource_manager::on_durable(const transaction_id& id, record_kind what) {
  const auto found = works_.find(id);
  if (found == works_.end()) return;
  if (what == record_kind::prepared) WEFT_CRASH_POINT("txn.promise_is_durable");
  if (what == record_kind::committed) WEFT_CRASH_POINT("txn.outcome_is_durable_at_a_participant");
  effects out;
  found->second.core.on_durable(what, out);
  act(id, found->second, out);
}

void resource_manager::commit_here(const transaction_id& id) {
  const auto found = works_.find(id);
  if (found == works_.end()) return;
  data_.apply(found->second.writes);
  if (beside_ != nullptr) beside_->commit(id, found->second.writes);
  effects out;
  found->second.core.on_message(message_kind::release, out);
  act(id, found->second, out);
}

// --- locks -----------------------------------------------------------------------------------------------------------

void resource_manager::take_locks(request&& what) {
  work& of = works_.at(what.id);
  for (; what.next < what.size(); ++what.next) {
    const std::uint64_t ticket = ++last_ticket_;
    switch (locks_.acquire(what.key(what.next), {of.owner, of.age, what.mode_at(what.next), ticket})) {
      case lock_answer::granted:
        continue;
      case lock_answer::waiting:
        of.waiting.push_back(ticket);
        waiting_.emplace(ticket, std::move(what));
        return;
      case lock_answer::refused:
        return refuse(std::move(what));
    }
  }
  locked(std::move(what));
}

bool resource_manager::go_on() {
  bool any = false;
  for (lock_table::owner_id victim : locks_.take_victims()) {
    const auto found = owners_.find(victim);
    if (found == owners_.end()) continue;
    any = true;
    wound(found->second);
  }
  for (std::uint64_t ticket : locks_.take_granted()) {
    auto node = waiting_.extract(ticket);
    if (node.empty()) continue;
    any = true;
    request what = std::move(node.mapped());
    std::erase(works_.at(what.id).waiting, ticket);
    ++what.next;
    take_locks(std::move(what));
  }
  return any;
}

/// It has to go, unless it has all its locks. Its coordinator knows, except when the vote is the decision, or is about
/// to become it: the message and the question may cross.
void resource_manager::wound(transaction_id id) {
  work& of = works_.at(id);
  of.is_wounded = true;
  if (of.core.now() == participant::state::voting_alone) {
    WEFT_REACHED("txn.wounded_while_it_decides_alone");
    return voted(id, vote::no);
  }
  wire message;
  message.id = id;
  message.kind = wire_kind::wounded;
  around_.send(of.coordinator, std::move(message));
}

void resource_manager::locked(request&& what) {
  work& of = works_.at(what.id);
  if (what.what == purpose::prepare || what.what == purpose::secure) {
    const bool is_good = write(of, what);
    if (is_good && beside_ != nullptr && beside_->has_work(of.writes)) return prepare_works(std::move(what));
    return written(std::move(what), is_good);
  }
  wire answer;
  answer.id = what.id;
  answer.kind = wire_kind::values;
  answer.ticket = what.ticket;
  if (what.what == purpose::read) {
    read(of, what, answer);
    if (WEFT_PLANTED("txn.reader_lets_its_locks_go")) locks_.release(of.owner);
  }
  if (what.what == purpose::call) {
    for (const call& each : what.calls) answer.answers.push_back(run_at(of, each));
  }
  around_.send(of.coordinator, std::move(answer));
}

/// What functions have written is seen by their transaction.
void resource_manager::read(const work& of, const request& what, wire& answer) const {
  answer.data.values.reserve(what.data.keys.size());
  for (const std::string& key : what.data.keys) {
    const std::optional<std::string>* written = find(of.writes, key);
    answer.data.values.push_back(written != nullptr ? *written : data_.find(key));
  }
}

call_answer resource_manager::run_at(work& of, const call& what) {
  const std::optional<std::string>* written = what.before.empty() ? find(of.writes, what.key) : &what.before.front();
  cell at{written != nullptr ? *written : data_.find(what.key), false};
  call_answer answer = run(what, at);
  const bool has_changed = answer.failure.empty() && at.is_changed;
  if (has_changed) {
    assign(of.writes, what.key, std::move(at.value));
  } else if (!what.before.empty()) {
    assign(of.writes, what.key, what.before.front());
  }
  return answer;
}

/// All that is left to do before the vote. False: a function threw.
bool resource_manager::write(work& of, request& what) {
  for (const call& each : what.calls) {
    call_answer answer = run_at(of, each);
    of.failure = std::move(answer.failure);
    if (!of.failure.empty()) return false;
  }
  merge(of.writes, std::move(what.data));
  return true;
}

void resource_manager::refuse(request&& what) {
  if (what.what == purpose::prepare) return voted(what.id, vote::no);
  work& of = works_.at(what.id);
  wire answer;
  answer.id = what.id;
  answer.kind = wire_kind::refused;
  answer.ticket = what.ticket;
  if (!of.failure.empty()) answer.answers.push_back({{}, std::move(of.failure)});
  around_.send(of.coordinator, std::move(answer));
}

void resource_manager::refuse_patient() {
  std::vector<std::uint64_t> late;
  for (auto& [ticket, what] : waiting_) {
    if (std::exchange(what.is_patient, true)) late.push_back(ticket);
  }
  std::sort(late.begin(), late.end());
  for (std::uint64_t ticket : late) {
    auto node = waiting_.extract(ticket);
    if (node.empty()) continue;
    WEFT_REACHED("txn.lock_is_waited_for_too_long");
    refuse(std::move(node.mapped()));
  }
}

void resource_manager::free_locks(work& of) {
  for (std::uint64_t ticket : of.waiting) waiting_.erase(ticket);
  of.waiting.clear();
  locks_.release(of.owner);
}

// --- what a step asks for --------------------------------------------------------------------------------------------

void resource_manager::voted(const transaction_id& id, vote what) {
  work& of = works_.at(id);
  effects out;
  of.core.on_voted(what, out);
  act(id, of, out);
}

void resource_manager::act(const transaction_id& id, work& of, effects& what) {
  if (what.record != record_kind::none) append(id, of, what);
  for (const outgoing& m : what.messages) send(id, of, m.what);
  const auto state = of.core.now();
  if (state == participant::state::committed && (what.record != record_kind::none || !what.messages.empty()))
    kept_[static_cast<std::size_t>(of.coordinator)].push_back(id);
  if (what.upcalls != 0) return make_calls(id, of, what);
  if (state == participant::state::none) drop(works_.find(id));
}

void resource_manager::append(const transaction_id& id, const work& of, const effects& what) {
  record head;
  head.id = id;
  head.kind = what.record;
  const auto state = of.core.now();
  const bool is_alone = state == participant::state::committing_alone;
  if (what.record == record_kind::prepared) {
    head.is_listed = of.core.is_listed();
    head.voters = of.voters;
  } else if (what.record == record_kind::committed) {
    head.is_alone = is_alone;
    head.is_listed = !is_alone && of.core.is_listed();
  }
  const bool has_redo = what.record == record_kind::prepared || (is_alone && !WEFT_PLANTED("txn.lone_record_lacks_its_writes"));
  around_.append(head, has_redo ? &of.writes : nullptr, what.urgent, false);
  if (what.record == record_kind::prepared) WEFT_CRASH_POINT("txn.promise_is_appended");
  if (is_alone) WEFT_CRASH_POINT("txn.lone_decision_is_appended");
  if (what.record == record_kind::aborted) WEFT_CRASH_POINT("txn.abort_is_appended_at_a_participant");
}

/// In a snapshot. What is committed stands in its data already.
record resource_manager::needed_record(const transaction_id& id, const work& of) {
  record head;
  head.id = id;
  switch (of.core.now()) {
    case participant::state::preparing:
    case participant::state::prepared:
      head.kind = record_kind::prepared;
      head.is_listed = of.core.is_listed();
      head.voters = of.voters;
      return head;
    case participant::state::aborting:
      head.kind = record_kind::aborted;
      return head;
    case participant::state::committing_alone:
      head.kind = record_kind::committed;
      head.is_alone = true;
      return head;
    default:
      head.kind = record_kind::committed;
      head.is_applied = true;
      return head;
  }
}

void resource_manager::make_calls(const transaction_id& id, work& of, const effects& what) {
  if (what.calls(upcall::prepare)) {
    if (of.is_wounded) {
      WEFT_REACHED("txn.asked_when_it_is_wounded");
      return voted(id, vote::no);
    }
    request all;
    all.id = id;
    all.what = purpose::prepare;
    all.mode = lock_mode::exclusive;
    all.calls = std::move(of.calls);
    all.data = std::move(of.asked);
    return take_locks(std::move(all));
  }
  if (what.calls(upcall::commit) || WEFT_PLANTED("txn.aborted_writes_are_applied")) {
    data_.apply(of.writes);
    if (beside_ != nullptr) beside_->commit(id, of.writes);
    if (outcomes_ != nullptr) outcomes_->add_committed(id);
    WEFT_CRASH_POINT("txn.writes_are_applied");
  }
  if (what.calls(upcall::abort) && of.has_prepared_works) beside_->abort(id, of.writes);
  free_locks(of);
  if (of.core.now() == participant::state::none) drop(works_.find(id));
}

void resource_manager::forget_finished(int coordinator, std::uint64_t below) {
  auto& kept = kept_[static_cast<std::size_t>(coordinator)];
  while (!kept.empty() && kept.front().sequence < below) {
    const auto found = works_.find(kept.front());
    kept.pop_front();
    if (found == works_.end()) continue;
    found->second.core.on_finished();
    drop(found);
  }
}

void resource_manager::send(const transaction_id& id, const work& to, message_kind what) {
  wire message;
  message.id = id;
  message.what = what;
  if (what == message_kind::vote_no && !to.failure.empty()) message.answers.push_back({{}, to.failure});
  around_.send(to.coordinator, std::move(message));
}

}  // namespace weft::txn
