// SPDX-License-Identifier: BSL-1.0
#include "unit/txn/protocol_model.hpp"

#include <utility>

namespace txn_model {
namespace {

constexpr std::uint32_t stranger = 100;  ///< members that a coordinator without memory cannot know, by participant

void append(journal_model& log, record_kind what) {
  if (log.count < log.records.size()) log.records[log.count++] = what;
}

char flag(bool what, int bit) { return static_cast<char>(what ? 1 << bit : 0); }

void put(std::string& to, const journal_model& log) {
  for (std::size_t i = 0; i < log.count; ++i) to += static_cast<char>(log.records[i]);
  to += static_cast<char>(0x40 | log.durable << 3 | log.told);
}

void put(std::string& to, std::uint16_t bits) {
  to += static_cast<char>(bits & 0xff);
  to += static_cast<char>(bits >> 8);
}

}  // namespace

const char* name_of(planted what) {
  static constexpr std::array<const char*, 19> names{"none",
                                                     "vote_before_prepared_is_durable",
                                                     "commit_before_decision_is_durable",
                                                     "acknowledge_before_committed_is_durable",
                                                     "forget_after_first_acknowledgement",
                                                     "in_doubt_aborts_at_restart",
                                                     "unknown_inquiry_is_answered_commit",
                                                     "yes_for_lost_work",
                                                     "waits_for_a_read_only_voter",
                                                     "restart_forgets_the_decision",
                                                     "inquiry_is_answered_abort_while_collecting",
                                                     "gives_up_while_preparing",
                                                     "heuristic_abort_in_doubt",
                                                     "abort_at_deadline_is_told_at_once",
                                                     "records_dropped_before_all_have_committed",
                                                     "refusing_reader_is_not_listed",
                                                     "told_committed_at_the_first_vote",
                                                     "refuser_leaves_a_prepared_record",
                                                     "recovery_overlooks_aborted"};
  return names[static_cast<std::size_t>(what)];
}

job protocol_model::initial() const {
  job j;
  j.core = coordinator(s_.rule);
  for (std::size_t p = 0; p < s_.members.size(); ++p) j.at[p].core.begin_work();
  return j;
}

std::string protocol_model::key(const job& j) const {
  std::string k;
  k += static_cast<char>(j.core.now());
  if (j.core.now() != coordinator::state::none) {
    for (const auto& m : j.core.members())
      k += static_cast<char>(static_cast<int>(m.vote) << 1 | (m.is_awaited ? 1 : 0));
  }
  k += static_cast<char>(flag(j.is_recovered, 0) | flag(j.has_begun, 1) | flag(j.decision_is_appended, 2) |
                         flag(j.decision_is_durable, 3) | flag(j.told_committed, 4) | flag(j.told_aborted, 5));
  k += static_cast<char>(j.listed | flag(j.here_committed, 5) | flag(j.here_aborted, 6));
  put(k, j.log);
  for (std::size_t p = 0; p < s_.members.size(); ++p) {
    const participant_model& m = j.at[p];
    k += static_cast<char>(m.core.now());
    const bool listed = m.core.now() != participant::state::none && m.core.is_listed();
    k += static_cast<char>(flag(listed, 0) | flag(m.ever_committed, 1) | flag(m.ever_aborted, 2) |
                           flag(m.is_committed_for_good, 3) | flag(m.promise_is_durable, 4) | flag(m.has_nothing, 5));
    put(k, m.log);
    put(k, m.messages);
    put(k, j.messages[p]);
  }
  return k;
}

bool protocol_model::is_resolved(const job& j) const {
  if (j.core.now() != coordinator::state::none) return false;
  for (std::size_t p = 0; p < s_.members.size(); ++p) {
    if (j.at[p].core.now() != participant::state::none) return false;
  }
  return true;
}

// --- steps, with the mistakes that were planted ----------------------------------------------------------------------

job protocol_model::voted(const job& from, std::size_t p, vote v) const {
  job to = participant_step(from, p, [&](participant& c, effects& out) {
    c.on_voted(v, out);
    if (v == vote::no && is(planted::refuser_leaves_a_prepared_record)) out.append(record_kind::prepared, false);
  });
  to.at[p].has_nothing = v == vote::read_only;
  return to;
}

job protocol_model::deadline(const job& from, std::size_t p) const {
  return participant_step(from, p, [&](participant& c, effects& out) {
    const bool gives_up = is(planted::gives_up_while_preparing) && c.now() == participant::state::preparing;
    gives_up ? c.on_message(message_kind::abort, out) : c.on_deadline(out);
  });
}

job protocol_model::doubt(const job& from, std::size_t p) const {
  return participant_step(from, p, [&](participant& c, effects& out) {
    const bool decides = is(planted::heuristic_abort_in_doubt) && c.now() == participant::state::prepared;
    decides ? c.on_message(message_kind::abort, out) : c.on_timer(out);
  });
}

bool protocol_model::may_drop(const job& from, std::size_t p) const {
  const participant& c = from.at[p].core;
  if (is(planted::records_dropped_before_all_have_committed) && c.now() == participant::state::committed) return true;
  return !c.needs_records();
}

/// A snapshot: what was applied stands in it.
job protocol_model::dropped(const job& from, std::size_t p) const {
  job to = from;
  to.at[p].log = {};
  to.at[p].is_committed_for_good = to.at[p].ever_committed;
  return to;
}

job protocol_model::to_participant(const job& from, std::size_t p, message_kind what) const {
  return participant_step(from, p, [&](participant& c, effects& out) {
    const bool asks = what == message_kind::prepare || what == message_kind::prepare_listed;
    if (asks && is(planted::yes_for_lost_work)) c.begin_work();
    c.on_message(what, out);
  });
}

job protocol_model::to_coordinator(const job& from, std::size_t p, message_kind what) const {
  const std::uint32_t member = member_of(from, p);
  return coordinator_step(from, [&](coordinator& c, effects& out) {
    if (what == message_kind::vote_read_only && is(planted::waits_for_a_read_only_voter)) {
      c.on_message(member, message_kind::vote_yes, out);
      return;
    }
    if (what == message_kind::inquire && is(planted::inquiry_is_answered_abort_while_collecting) &&
        c.now() == coordinator::state::collecting)
      return out.send(member, message_kind::abort);
    if (what == message_kind::inquire && is(planted::unknown_inquiry_is_answered_commit) &&
        c.now() == coordinator::state::none)
      return out.send(member, message_kind::commit);
    const bool was_collecting = c.now() == coordinator::state::collecting;
    c.on_message(member, what, out);
    if (was_collecting && what == message_kind::vote_yes && is(planted::told_committed_at_the_first_vote))
      out.call(upcall::tell_committed);
    if (what == message_kind::acknowledge && is(planted::forget_after_first_acknowledgement)) {
      for (std::uint32_t m = 0; m < c.members().size(); ++m) c.on_message(m, message_kind::acknowledge, out);
    }
  });
}

job protocol_model::without(const job& from, std::size_t p, std::uint16_t to_it, std::uint16_t from_it) const {
  job to = from;
  to.at[p].messages = static_cast<std::uint16_t>(to.at[p].messages & ~to_it);
  to.messages[p] = static_cast<std::uint16_t>(to.messages[p] & ~from_it);
  return to;
}

job protocol_model::forced(const job& from, std::size_t node) const {
  job to = from;
  ++log_of(to, node).durable;
  note_durable(to);
  return to;
}

job protocol_model::notified(const job& from, std::size_t node) const {
  const journal_model& log = log_of(from, node);
  const record_kind what = log.records[log.told];
  job to = from;
  ++log_of(to, node).told;
  if (node == 0) return coordinator_step(to, [&](coordinator& c, effects& out) { c.on_durable(what, out); });
  return participant_step(to, node - 1, [&](participant& c, effects& out) { c.on_durable(what, out); });
}

job protocol_model::crashed(const job& from, std::size_t node, std::size_t kept) const {
  job to = from;
  journal_model& log = log_of(to, node);
  log.count = log.durable = log.told = static_cast<std::uint8_t>(kept);
  note_durable(to);
  if (node == 0) {
    restart_coordinator(to);
  } else {
    restart_participant(to, node - 1);
  }
  return to;
}

void protocol_model::restart_coordinator(job& to) const {
  to.core = coordinator();
  to.has_begun = true;
  const bool decided = to.log.holds(record_kind::committed, to.log.count);
  const bool ended = to.log.holds(record_kind::ended, to.log.count);
  to.is_recovered = decided && !ended && !is(planted::restart_forgets_the_decision);
  if (!to.is_recovered) return;
  std::uint32_t voters = 0;
  for (std::size_t p = 0; p < s_.members.size(); ++p) voters += (to.listed >> p) & 1u;
  effects out;
  to.core.recover(voters, out);
  take_coordinator(to, out);
}

void protocol_model::restart_participant(job& to, std::size_t p) const {
  participant_model& at = to.at[p];
  at.core = participant();
  if (at.log.count == 0) return;
  const record_kind last = at.log.records[at.log.count - 1];
  const bool alone = last == record_kind::committed && !at.log.holds(record_kind::prepared, at.log.count);
  effects out;
  at.core.recover(last, false, alone, out);
  if (last == record_kind::prepared && is(planted::in_doubt_aborts_at_restart)) {
    out.clear();
    at.core.on_message(message_kind::abort, out);
  }
  take_participant(to, p, out);
}

// --- what the driver does --------------------------------------------------------------------------------------------

void protocol_model::take_coordinator(job& to, effects& out) const {
  if (to.core.now() != coordinator::state::idle) to.has_begun = true;
  if (out.record != record_kind::none) append(to.log, out.record);
  if (out.record == record_kind::committed) {
    to.decision_is_appended = true;
    to.listed = 0;
    for (std::uint32_t m = 0; m < to.core.members().size(); ++m) {
      if (to.core.members()[m].vote == vote::yes)
        to.listed = static_cast<std::uint8_t>(to.listed | 1u << participant_of(to, m));
    }
  }
  const bool too_early = (out.record == record_kind::committed && is(planted::commit_before_decision_is_durable)) ||
                         (out.record == record_kind::aborted && is(planted::abort_at_deadline_is_told_at_once));
  if (too_early) to.core.on_durable(out.record, out);
  for (const auto& message : out.messages) {
    const std::size_t p = participant_of(to, message.member);
    // The mistake: it is counted among those that must acknowledge, but nobody tells it anything.
    if (is(planted::waits_for_a_read_only_voter) && message.what == message_kind::commit &&
        !to.at[p].promise_is_durable)
      continue;
    to.at[p].messages = static_cast<std::uint16_t>(to.at[p].messages | 1u << static_cast<unsigned>(message.what));
  }
  if (out.calls(upcall::commit)) to.here_committed = true;
  if (out.calls(upcall::abort)) to.here_aborted = true;
  if (out.calls(upcall::tell_committed)) to.told_committed = true;
  if (out.calls(upcall::tell_aborted)) to.told_aborted = true;
}

void protocol_model::take_participant(job& to, std::size_t p, effects& out) const {
  participant_model& at = to.at[p];
  if (out.record != record_kind::none) append(at.log, out.record);
  const bool too_early = (out.record == record_kind::prepared && is(planted::vote_before_prepared_is_durable)) ||
                         (out.record == record_kind::committed && is(planted::acknowledge_before_committed_is_durable));
  if (too_early) at.core.on_durable(out.record, out);
  for (const auto& message : out.messages)
    to.messages[p] = static_cast<std::uint16_t>(to.messages[p] | 1u << static_cast<unsigned>(message.what));
  if (out.calls(upcall::commit)) at.ever_committed = true;
  if (out.calls(upcall::abort)) at.ever_aborted = true;
  // The mistake: the vote that waited for the record leaves all the same.
  if (is(planted::gives_up_while_preparing) && out.record == record_kind::aborted && !at.promise_is_durable)
    to.messages[p] = static_cast<std::uint16_t>(to.messages[p] | 1u << static_cast<unsigned>(message_kind::vote_yes));
}

void protocol_model::note_durable(job& to) const {
  if (to.log.holds(record_kind::committed, to.log.durable)) to.decision_is_durable = true;
  for (participant_model& at : to.at) {
    if (at.log.holds(record_kind::prepared, at.log.durable)) at.promise_is_durable = true;
    if (at.log.holds(record_kind::committed, at.log.durable)) at.is_committed_for_good = true;
  }
}

std::uint32_t protocol_model::member_of(const job& j, std::size_t p) const {
  if (!j.is_recovered)
    return j.core.now() == coordinator::state::none ? stranger + static_cast<std::uint32_t>(p)
                                                    : static_cast<std::uint32_t>(p);
  if (((j.listed >> p) & 1u) == 0) return stranger + static_cast<std::uint32_t>(p);
  std::uint32_t member = 0;
  for (std::size_t q = 0; q < p; ++q) member += (j.listed >> q) & 1u;
  return member;
}

std::size_t protocol_model::participant_of(const job& j, std::uint32_t member) const {
  if (member >= stranger) return member - stranger;
  if (!j.is_recovered) return member;
  for (std::size_t p = 0; p < s_.members.size(); ++p) {
    if (((j.listed >> p) & 1u) != 0 && member-- == 0) return p;
  }
  return 0;
}

// --- what must hold --------------------------------------------------------------------------------------------------

std::string protocol_model::violation(const job& j) const {
  bool committed = j.here_committed && s_.wrote_here, aborted = j.here_aborted;
  bool all_promised = true, all_for_good = true;
  for (std::size_t p = 0; p < s_.members.size(); ++p) {
    committed |= j.at[p].ever_committed;
    aborted |= j.at[p].ever_aborted;
    if (((j.listed >> p) & 1u) == 0 || j.at[p].has_nothing) continue;
    all_promised &= j.at[p].promise_is_durable;
    all_for_good &= j.at[p].is_committed_for_good;
  }
  if (j.told_committed && j.told_aborted) return "the client was told both";
  if (committed && aborted) return "one has committed, another has aborted";
  if (j.told_committed && aborted) return "told committed, but somebody has aborted";
  if (j.told_aborted && committed) return "told aborted, but somebody has committed";
  if (j.decision_is_appended && !all_promised) return "decided before every promise was durable";
  if (!s_.nodes_crash) {
    std::string wrong = restart_violation(j);
    if (!wrong.empty() || s_.rule == decision_rule::implicit) return wrong;
  }
  if (j.decision_is_appended && committed && !j.decision_is_durable) return "committed before the decision was durable";
  if (j.decision_is_appended && j.told_committed && !j.decision_is_durable)
    return "told before the decision was durable";
  if (j.decision_is_durable && j.core.now() == coordinator::state::none && !all_for_good)
    return "forgotten before every participant had recorded it";
  return {};
}

/// The job may die now, with any part of what was not forced: whatever is left must lead to what was said and done.
std::string protocol_model::restart_violation(const job& j) const {
  std::array<std::size_t, most_members + 1> kept{};
  const std::size_t nodes = s_.members.size() + 1;
  for (std::size_t node = 0; node < nodes; ++node) kept[node] = log_of(j, node).durable;
  for (;;) {
    std::string wrong = restart_violation(j, kept);
    if (!wrong.empty()) return wrong;
    std::size_t node = 0;
    while (node < nodes && ++kept[node] > log_of(j, node).count) {
      kept[node] = log_of(j, node).durable;
      ++node;
    }
    if (node == nodes) return {};
  }
}

std::string protocol_model::restart_violation(const job& j,
                                              const std::array<std::size_t, most_members + 1>& kept) const {
  weft::txn::findings found;
  bool has_records = kept[0] > 0;
  found.committed = j.log.holds(record_kind::committed, kept[0]);
  found.aborted = j.log.holds(record_kind::aborted, kept[0]);
  for (std::size_t p = 0; p < s_.members.size(); ++p) {
    const bool is_in_list =
        s_.members[p] != member_role::holder && !(is(planted::refusing_reader_is_not_listed) && p == 0);
    const journal_model& log = j.at[p].log;
    has_records |= kept[p + 1] > 0;
    found.committed |= log.holds(record_kind::committed, kept[p + 1]);
    found.aborted |= log.holds(record_kind::aborted, kept[p + 1]);
    found.listed += is_in_list && s_.rule == decision_rule::implicit ? 1 : 0;
    found.prepared += is_in_list && log.holds(record_kind::prepared, kept[p + 1]) ? 1 : 0;
  }
  if (is(planted::recovery_overlooks_aborted)) found.aborted = false;
  if (found.prepared == 0 && !found.committed) found.listed = 0;  // the list stands in those records only
  const bool commits = weft::txn::decide(found);
  (commits ? seen_commit_ : seen_abort_) = true;
  if (commits && j.told_aborted) return "told aborted, but a restart commits";
  for (std::size_t p = 0; p < s_.members.size(); ++p) {
    const participant_model& at = j.at[p];
    if (s_.members[p] == member_role::holder || at.has_nothing) continue;
    if (commits && at.ever_aborted) return "aborted by a participant, but a restart commits";
    const bool has_writes = at.log.holds(record_kind::prepared, kept[p + 1]) ||
                            at.log.holds(record_kind::committed, kept[p + 1]) || at.is_committed_for_good;
    if (commits && !has_writes && !is(planted::refusing_reader_is_not_listed))
      return "a restart commits without the writes";
    if (!commits && j.told_committed && !at.is_committed_for_good) return "told committed, but a restart aborts";
    if (!commits && has_records && at.ever_committed && !at.is_committed_for_good)
      return "committed by a participant, but a restart aborts";
  }
  if (!commits && j.told_committed && has_records && s_.members.empty()) return "told committed, but a restart aborts";
  return {};
}

}  // namespace txn_model
