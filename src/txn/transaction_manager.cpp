// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/transaction_manager.hpp>

#include <algorithm>
#include <exception>
#include <utility>

#include <weft/core/planted_fault.hpp>

namespace weft::txn {
namespace {

/// Ranges of this rank's own sequences: as many attempts have to fail until one is forgotten.
constexpr std::size_t own_outcomes_kept = 65536;

}  // namespace

attempt_timer::~attempt_timer() {
  if (queued()) of->on_.timers().cancel(*this);
}

transaction_manager::transaction_manager(loop& on, site& around, resource_manager& here, outcome_table& outcomes,
                                         const settings& how)
    : on_(on),
      around_(around),
      here_(here),
      outcomes_(outcomes),
      how_(how),
      clock_(static_cast<std::uint32_t>(how.rank)) {}

attempt& transaction_manager::begin(std::optional<lock_age> age) {
  auto made = std::make_unique<attempt>();
  made->id = {how_.epoch, static_cast<std::uint32_t>(how_.rank), attempts_.next()};
  made->age = age ? *age : clock_.next();
  made->core = coordinator(how_.rule);
  return attempts_.add(std::move(made));
}

void transaction_manager::let_go(attempt& of) {
  if (of.core.now() == coordinator::state::idle) abort(of);
  of.is_in_use = false;
  drop_if_over(of);
}

attempt* transaction_manager::find(const transaction_id& id) {
  const bool is_own = id.epoch == how_.epoch && id.coordinator == static_cast<std::uint32_t>(how_.rank);
  return is_own ? attempts_.find(id.sequence) : nullptr;
}

void transaction_manager::drop_if_over(attempt& of) {
  if (of.is_in_use || of.core.now() != coordinator::state::none) return;
  attempts_.erase(of.id.sequence);
}

// --- the body --------------------------------------------------------------------------------------------------------

future<attempt::answer> transaction_manager::read(attempt& of, int rank, std::vector<std::string> keys,
                                                  lock_mode mode) {
  wire request;
  request.kind = wire_kind::read;
  request.mode = mode;
  request.data.keys = std::move(keys);
  return ask_for_values(of, rank, std::move(request));
}

future<attempt::answer> transaction_manager::take(attempt& of, int rank, std::string prefix) {
  wire request;
  request.kind = wire_kind::take;
  request.data.keys.push_back(std::move(prefix));
  return ask_for_values(of, rank, std::move(request));
}

future<attempt::answer> transaction_manager::ask_for_values(attempt& of, int rank, wire&& request) {
  promise<attempt::answer> waits(on_);
  future<attempt::answer> result = waits.get_future();
  if (!is_going_on(of)) {
    waits.set_value(attempt::answer{true, {}});
    return result;
  }
  of.awaited.emplace(last_ticket_ + 1, std::move(waits));
  ask(of, rank, std::move(request));
  return result;
}

void transaction_manager::ask(attempt& of, int rank, wire&& request) {
  request.id = of.id;
  request.age = of.age;
  request.ticket = ++last_ticket_;
  if (std::find(of.contacts.begin(), of.contacts.end(), rank) == of.contacts.end()) of.contacts.push_back(rank);
  around_.send(rank, std::move(request));
}

std::uint32_t transaction_manager::add_call(attempt& of, call&& what) {
  attempt::asked_call& added = of.calls.emplace_back();
  added.rank = owner(what.key);
  if (what.mode == lock_mode::exclusive) of.reads.erase(what.key);
  if (auto written = of.take(what.key)) {
    what.before.push_back(std::move(*written));
    what.mode = lock_mode::exclusive;
  }
  added.writes = what.mode == lock_mode::exclusive;
  added.what = std::move(what);
  return static_cast<std::uint32_t>(of.calls.size() - 1);
}

future<void> transaction_manager::run_call(attempt& of, std::uint32_t place) {
  promise<void> waits(on_);
  future<void> result = waits.get_future();
  attempt::asked_call& wanted = of.calls[place];
  wanted.is_awaited = true;
  if (wanted.answer || !is_going_on(of)) {
    waits.set_value();
    return result;
  }
  wanted.waiting.push_back(std::move(waits));
  if (wanted.ticket != 0) return result;
  wire request;
  request.kind = wire_kind::call;
  take_calls(of, wanted.rank, request);
  ask(of, wanted.rank, std::move(request));
  return result;
}

/// What has not been sent yet, in its order.
void transaction_manager::take_calls(attempt& of, int rank, wire& into) {
  for (attempt::asked_call& each : of.calls) {
    if (each.ticket != 0 || each.rank != rank) continue;
    each.ticket = last_ticket_ + 1;
    into.calls.push_back(std::move(each.what));
    each.what.key = into.calls.back().key;
  }
}

void transaction_manager::on_answer(attempt& of, wire&& message) {
  const bool is_refused = message.kind == wire_kind::refused;
  if (const auto found = of.awaited.find(message.ticket); found != of.awaited.end()) {
    promise<attempt::answer> waits = std::move(found->second);
    of.awaited.erase(found);
    waits.set_value(attempt::answer{is_refused, std::move(message.data.values)});
  }
  if (is_refused && !WEFT_PLANTED("txn.refusal_is_overlooked")) {
    if (!message.answers.empty()) of.failure = std::move(message.answers.front().failure);
    return doom(of);
  }
  if (message.ticket != of.securing) return on_answers(of, std::move(message));
  of.wrote_here = true;
  start_commit(of);
}

void transaction_manager::on_answers(attempt& of, wire&& message) {
  std::size_t next = 0;
  for (attempt::asked_call& each : of.calls) {
    if (each.ticket != message.ticket || next == message.answers.size()) continue;
    each.answer = std::move(message.answers[next++]);
    each.tell();
  }
}

/// It can only be aborted now. The body learns of it where it waits, or at its next step.
void transaction_manager::doom(attempt& of) {
  of.is_doomed = true;
  for (auto& [ticket, waits] : of.awaited) waits.set_value(attempt::answer{true, {}});
  of.awaited.clear();
  for (attempt::asked_call& each : of.calls) each.tell();
  if (of.core.now() == coordinator::state::idle) abort(of);
}

void transaction_manager::abort(attempt& of) {
  if (of.core.now() != coordinator::state::idle) return on_deadline(of);
  of.is_doomed = true;
  of.members = of.contacts;
  effects out;
  of.core.abandon(static_cast<std::uint32_t>(of.members.size()), out);
  act(of, out);
}

void transaction_manager::on_deadline(attempt& of) {
  if (of.core.now() == coordinator::state::idle) return doom(of);
  effects out;
  of.core.on_deadline(out);
  act(of, out);
}

void transaction_manager::limit(attempt& of, time_point end) {
  of.timer.of = this;
  of.timer.sequence = of.id.sequence;
  of.timer.fire = [](timer_node& self) noexcept {
    const auto& timer = static_cast<attempt_timer&>(self);
    timer.of->late_.push_back(timer.sequence);
    timer.of->on_.note_work();
  };
  on_.timers().add(of.timer, end);
}

bool transaction_manager::end_late() {
  const std::vector<std::uint64_t> late = std::exchange(late_, {});
  for (std::uint64_t sequence : late) {
    if (attempt* of = attempts_.find(sequence); of != nullptr) on_deadline(*of);
  }
  return !late.empty();
}

// --- the end ---------------------------------------------------------------------------------------------------------

/// Or may do so: a function that has not run yet may refuse, even if it only reads.
bool transaction_manager::wrote_on(const attempt& of, int rank) const {
  const auto is_there = [&](const attempt::asked_call& c) { return c.rank == rank && (c.writes || c.ticket == 0); };
  return std::any_of(of.writes.begin(), of.writes.end(), [&](const auto& w) { return owner(w.first) == rank; }) ||
         std::any_of(of.calls.begin(), of.calls.end(), is_there);
}

/// A rank that was only read has a vote as well where it may be wounded: its promise would count as the decision without
/// the writes of this rank.
bool transaction_manager::has_voters_elsewhere(const attempt& of) const {
  const auto is_other = [&](int rank) { return rank != how_.rank; };
  if (how_.policy == lock_policy::wound_wait && std::any_of(of.contacts.begin(), of.contacts.end(), is_other)) return true;
  return wrote_elsewhere(of);
}

bool transaction_manager::wrote_elsewhere(const attempt& of) const {
  const auto is_away = [&](const attempt::asked_call& c) {
    return c.rank != how_.rank && (c.writes || c.ticket == 0);
  };
  return std::any_of(of.writes.begin(), of.writes.end(), [&](const auto& w) { return owner(w.first) != how_.rank; }) ||
         std::any_of(of.calls.begin(), of.calls.end(), is_away);
}

entries transaction_manager::writes_of(const attempt& of, int rank) const {
  entries data;
  for (const auto& [key, value] : of.writes) {
    if (owner(key) != rank) continue;
    data.keys.push_back(key);
    data.values.push_back(value);
  }
  return data;
}

future<transaction_outcome> transaction_manager::commit(attempt& of) {
  of.ending.emplace(on_);
  future<transaction_outcome> result = of.ending->get_future();
  if (!may_commit(of)) {
    doom(of);
    return result;
  }
  if (of.core.now() != coordinator::state::idle) {
    of.ending->set_value(transaction_outcome::aborted);
    return result;
  }
  const bool decides_here = how_.rule == decision_rule::explicit_record || !has_voters_elsewhere(of);
  if (decides_here && wrote_on(of, how_.rank)) {
    of.securing = last_ticket_ + 1;
    wire request;
    request.kind = wire_kind::secure;
    request.mode = lock_mode::exclusive;
    take_calls(of, how_.rank, request);
    request.data = writes_of(of, how_.rank);
    ask(of, how_.rank, std::move(request));
  } else {
    start_commit(of);
  }
  return result;
}

bool transaction_manager::may_commit(attempt& of) {
  for (const attempt::asked_call& each : of.calls) {
    // The promise would overtake a function whose caller has given up waiting.
    if (each.is_on_its_way()) return false;
    // One that ran because another was awaited, and that nobody would know of.
    if (!each.answer || each.is_awaited || each.answer->failure.empty()) continue;
    of.failure = each.answer->failure;
    return false;
  }
  return true;
}

void transaction_manager::start_commit(attempt& of) {
  std::vector<int> ranks = of.contacts;
  for (const auto& [key, value] : of.writes) ranks.push_back(owner(key));
  for (const attempt::asked_call& each : of.calls) ranks.push_back(each.rank);
  std::sort(ranks.begin(), ranks.end());
  ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());

  std::vector<member_role> roles;
  for (int rank : ranks) {
    if (rank == how_.rank && of.wrote_here) continue;
    // A reader that may be wounded is in doubt like a writer.
    const bool votes = wrote_on(of, rank) || how_.policy == lock_policy::wound_wait;
    of.members.push_back(rank);
    roles.push_back(votes ? member_role::voter : member_role::holder);
  }
  effects out;
  of.core.commit(roles, of.wrote_here, out);
  act(of, out);
}

void transaction_manager::on_message(int from, wire&& message) {
  attempt* of = find(message.id);
  if (of == nullptr) {
    if (message.kind != wire_kind::protocol) return;
    coordinator unknown;
    effects out;
    unknown.on_message(0, message.what, out);
    for (const outgoing& m : out.messages) {
      wire answer;
      answer.id = message.id;
      answer.what = m.what;
      around_.send(from, std::move(answer));
    }
    return;
  }
  if (message.kind == wire_kind::values || message.kind == wire_kind::refused)
    return on_answer(*of, std::move(message));
  if (message.kind == wire_kind::wounded) {
    if (of->core.now() == coordinator::state::idle) return doom(*of);
    return abort(*of);
  }
  const auto at = std::find(of->members.begin(), of->members.end(), from);
  if (at == of->members.end()) return;
  if (message.what == message_kind::vote_no && !message.answers.empty())
    of->failure = std::move(message.answers.front().failure);
  effects out;
  of->core.on_message(static_cast<std::uint32_t>(at - of->members.begin()), message.what, out);
  act(*of, out);
}

void transaction_manager::on_durable(const transaction_id& id, record_kind what) {
  attempt* of = find(id);
  if (of == nullptr) return;
  if (what == record_kind::committed) WEFT_CRASH_POINT("txn.decision_is_durable");
  if (what == record_kind::aborted) WEFT_CRASH_POINT("txn.abort_by_deadline_is_durable");
  effects out;
  of->core.on_durable(what, out);
  act(*of, out);
}

void transaction_manager::act(attempt& of, effects& what) {
  if (what.record != record_kind::none) append(of, what);
  for (const outgoing& m : what.messages) send(of, m);
  if (what.calls(upcall::commit) && of.wrote_here) here_.commit_here(of.id);
  if (what.calls(upcall::abort) && of.wrote_here) {
    wire message;
    message.id = of.id;
    message.what = message_kind::abort;
    around_.send(how_.rank, std::move(message));
  }
  if (what.calls(upcall::tell_committed)) {
    outcomes_.add_committed(of.id);
    outcomes_.trim(how_.epoch, of.id.coordinator, finished(), own_outcomes_kept);
    WEFT_CRASH_POINT("txn.client_is_about_to_be_told");
    if (of.ending) of.ending->set_value(transaction_outcome::committed);
  }
  if (what.calls(upcall::tell_aborted) && of.ending) tell_aborted(of);
  drop_if_over(of);
}

void transaction_manager::tell_aborted(attempt& of) {
  if (of.failure.empty()) return of.ending->set_value(transaction_outcome::aborted);
  of.ending->set_error(std::make_exception_ptr(remote_error(of.failure.front())));
}

void transaction_manager::send(attempt& of, const outgoing& what) {
  const int rank = of.members[what.member];
  wire message;
  message.id = of.id;
  message.age = of.age;
  message.what = what.what;
  const bool asks = what.what == message_kind::prepare || what.what == message_kind::prepare_listed ||
                    what.what == message_kind::commit_alone;
  if (asks) {
    message.opens = std::find(of.contacts.begin(), of.contacts.end(), rank) == of.contacts.end();
    take_calls(of, rank, message);
    message.data = writes_of(of, rank);
    const std::size_t listed = of.members.size() - (WEFT_PLANTED("txn.last_voter_is_not_listed") ? 1 : 0);
    for (std::size_t m = 0; m < listed; ++m) {
      if (of.core.members()[m].role == member_role::voter)
        message.voters.push_back(static_cast<std::uint32_t>(of.members[m]));
    }
  }
  around_.send(rank, std::move(message));
}

void transaction_manager::append(const attempt& of, const effects& what) {
  const entries* here = what.record == record_kind::committed ? writes_here(of) : nullptr;
  around_.append(decision(of, what.record), here, what.urgent, true);
  if (what.urgent) WEFT_CRASH_POINT("txn.decision_is_appended");
}

record transaction_manager::decision(const attempt& of, record_kind what) const {
  record head;
  head.id = of.id;
  head.kind = what;
  if (what != record_kind::committed) return head;
  head.is_alone = true;
  for (std::size_t m = 0; m < of.members.size(); ++m) {
    if (of.core.members()[m].vote == vote::yes) head.voters.push_back(static_cast<std::uint32_t>(of.members[m]));
  }
  return head;
}

}  // namespace weft::txn
