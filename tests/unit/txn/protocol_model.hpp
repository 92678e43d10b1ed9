// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <weft/txn/coordinator.hpp>
#include <weft/txn/decide.hpp>
#include <weft/txn/participant.hpp>
#include <weft/txn/protocol.hpp>

#include "unit/txn/explorer.hpp"

/// A model for the explorer whose steps are those of the shipped `coordinator` and `participant`: one transaction, its
/// journals, and a set of messages. A message stays in the set when it is delivered, so that it may come again, late
/// and in any order; it may be lost. Journals keep any prefix of what was not forced. Timers may fire at any time.
namespace txn_model {

using explore::step;

using weft::txn::coordinator;
using weft::txn::decision_rule;
using weft::txn::effects;
using weft::txn::member_role;
using weft::txn::message_kind;
using weft::txn::participant;
using weft::txn::record_kind;
using weft::txn::upcall;
using weft::txn::vote;

/// Mistakes that the explorer must find, made by the model around the shipped steps.
enum class planted : std::uint8_t {
  none,
  // Explicit rule.
  vote_before_prepared_is_durable,
  commit_before_decision_is_durable,
  acknowledge_before_committed_is_durable,
  forget_after_first_acknowledgement,
  in_doubt_aborts_at_restart,
  unknown_inquiry_is_answered_commit,
  yes_for_lost_work,
  waits_for_a_read_only_voter,
  restart_forgets_the_decision,
  inquiry_is_answered_abort_while_collecting,
  gives_up_while_preparing,
  heuristic_abort_in_doubt,
  // Implicit rule; the first one counts here too.
  abort_at_deadline_is_told_at_once,
  records_dropped_before_all_have_committed,
  refusing_reader_is_not_listed,
  told_committed_at_the_first_vote,
  refuser_leaves_a_prepared_record,
  recovery_overlooks_aborted,
};
const char* name_of(planted what);

struct scenario {
  decision_rule rule = decision_rule::explicit_record;
  std::vector<member_role> members;
  bool wrote_here = false;
  bool may_vote_read_only = true;
  bool may_lose = false;    ///< messages
  bool nodes_crash = true;  ///< alone, and come back; else the whole job dies in every state
  planted fault = planted::none;
};

inline constexpr std::size_t most_members = 3;

struct journal_model {
  std::array<record_kind, 4> records{};
  std::uint8_t count = 0;
  std::uint8_t durable = 0;
  std::uint8_t told = 0;  ///< `on_durable` has been called for these

  bool holds(record_kind what, std::size_t first) const {
    for (std::size_t i = 0; i < first; ++i) {
      if (records[i] == what) return true;
    }
    return false;
  }
};

struct participant_model {
  participant core;
  journal_model log;
  std::uint16_t messages = 0;  ///< to it; bits by `message_kind`
  bool ever_committed = false;
  bool ever_aborted = false;
  bool is_committed_for_good = false;  ///< its `committed` record is durable, or a snapshot has the writes
  bool promise_is_durable = false;
  bool has_nothing = false;  ///< said that it wrote nothing: what becomes of it does not matter
};

struct job {
  coordinator core;
  journal_model log;
  std::array<participant_model, most_members> at;
  std::array<std::uint16_t, most_members> messages{};  ///< to the coordinator
  std::uint8_t listed = 0;                             ///< bits of the participants that the decision names
  bool is_recovered = false;                           ///< members are those of `listed`, in order
  bool has_begun = false;                              ///< to commit, or has given up
  bool decision_is_appended = false;
  bool decision_is_durable = false;
  bool told_committed = false;
  bool told_aborted = false;
  bool here_committed = false;
  bool here_aborted = false;
};

class protocol_model {
 public:
  using state = job;
  explicit protocol_model(scenario what) : s_(std::move(what)) {}

  job initial() const;
  std::string key(const job& j) const;
  std::string violation(const job& j) const;
  bool is_resolved(const job& j) const;
  /// Whether `committed` and `aborted` have been seen as outcomes of restarts.
  bool has_seen(bool committed) const { return committed ? seen_commit_ : seen_abort_; }

  template <class Visit>
  void successors(const job& from, Visit visit) const {
    client_steps(from, visit);
    for (std::size_t p = 0; p < s_.members.size(); ++p) participant_steps(from, p, visit);
    for (std::size_t p = 0; p < s_.members.size(); ++p) delivery_steps(from, p, visit);
    journal_steps(from, visit);
    if (s_.nodes_crash) crash_steps(from, visit);
  }

 private:
  template <class Call>
  job coordinator_step(const job& from, Call call) const {
    job to = from;
    out_.clear();
    call(to.core, out_);
    take_coordinator(to, out_);
    return to;
  }
  template <class Call>
  job participant_step(const job& from, std::size_t p, Call call) const {
    job to = from;
    out_.clear();
    call(to.at[p].core, out_);
    take_participant(to, p, out_);
    return to;
  }
  static constexpr std::array<const char*, 5> kept_texts{"with no record", "with 1 record", "with 2 records",
                                                         "with 3 records", "with 4 records"};
  static step of(std::size_t p, const char* what) { return {"participant", static_cast<int>(p), what}; }

  template <class Visit>
  void client_steps(const job& from, Visit visit) const {
    if (from.core.now() == coordinator::state::idle) {
      visit(coordinator_step(from, [&](coordinator& c, effects& out) { c.commit(s_.members, s_.wrote_here, out); }),
            step{"client: commit"}, false);
      const auto count = static_cast<std::uint32_t>(s_.members.size());
      visit(coordinator_step(from, [&](coordinator& c, effects& out) { c.abandon(count, out); }),
            step{"client: give up"}, false);
    }
    visit(coordinator_step(from, [](coordinator& c, effects& out) { c.on_deadline(out); }),
          step{"coordinator: deadline"}, false);
    visit(coordinator_step(from, [](coordinator& c, effects& out) { c.on_timer(out); }), step{"coordinator: timer"},
          false);
  }

  template <class Visit>
  void participant_steps(const job& from, std::size_t p, Visit visit) const {
    const auto now = from.at[p].core.now();
    if (now == participant::state::voting || now == participant::state::voting_alone) {
      for (vote v : {vote::yes, vote::no, vote::read_only}) {
        if (v == vote::read_only && !s_.may_vote_read_only) continue;
        visit(voted(from, p, v), of(p, v == vote::yes ? "yes" : v == vote::no ? "no" : "read only"), false);
      }
    }
    // What makes a holder one is that it does not give up.
    if (s_.members[p] != member_role::holder) visit(deadline(from, p), of(p, "deadline"), false);
    visit(doubt(from, p), of(p, "timer"), false);
    if (from.has_begun && from.core.now() == coordinator::state::none)
      visit(participant_step(from, p, [](participant& c, effects&) { c.on_finished(); }), of(p, "finished"), false);
    if (from.at[p].log.count > 0 && may_drop(from, p)) visit(dropped(from, p), of(p, "drops its records"), false);
  }

  template <class Visit>
  void delivery_steps(const job& from, std::size_t p, Visit visit) const {
    for (int k = 0; k < weft::txn::message_kinds; ++k) {
      const auto what = static_cast<message_kind>(k);
      const auto bit = static_cast<std::uint16_t>(1u << k);
      const char* name = weft::txn::name_of(what);
      const int at = static_cast<int>(p);
      if ((from.at[p].messages & bit) != 0) {
        visit(to_participant(from, p, what), step{"message to", at, name}, false);
        if (s_.may_lose) visit(without(from, p, bit, 0), step{"lost on the way to", at, name}, true);
      }
      if ((from.messages[p] & bit) != 0) {
        visit(to_coordinator(from, p, what), step{"message from", at, name}, false);
        if (s_.may_lose) visit(without(from, p, 0, bit), step{"lost on the way from", at, name}, true);
      }
    }
  }

  template <class Visit>
  void journal_steps(const job& from, Visit visit) const {
    for (std::size_t node = 0; node <= s_.members.size(); ++node) {
      const journal_model& log = log_of(from, node);
      const int at = static_cast<int>(node);
      if (log.durable < log.count) visit(forced(from, node), step{"journal", at, "is forced a record further"}, false);
      if (log.told < log.durable) visit(notified(from, node), step{"journal", at, "says so"}, false);
    }
    if (from.core.now() == coordinator::state::none && from.log.count > 0 && from.has_begun) {
      job to = from;
      to.log = {};
      visit(to, step{"journal", 0, "drops its records"}, false);
    }
  }

  template <class Visit>
  void crash_steps(const job& from, Visit visit) const {
    for (std::size_t node = 0; node <= s_.members.size(); ++node) {
      const journal_model& log = log_of(from, node);
      // Node 0 is the coordinator, node p + 1 is participant p.
      for (std::size_t kept = log.durable; kept <= log.count; ++kept)
        visit(crashed(from, node, kept), step{"crash of node", static_cast<int>(node), kept_texts[kept]}, true);
    }
  }

  static const journal_model& log_of(const job& j, std::size_t node) { return node == 0 ? j.log : j.at[node - 1].log; }
  static journal_model& log_of(job& j, std::size_t node) { return node == 0 ? j.log : j.at[node - 1].log; }

  job voted(const job& from, std::size_t p, vote v) const;
  job deadline(const job& from, std::size_t p) const;
  job doubt(const job& from, std::size_t p) const;
  bool may_drop(const job& from, std::size_t p) const;
  job dropped(const job& from, std::size_t p) const;
  job to_participant(const job& from, std::size_t p, message_kind what) const;
  job to_coordinator(const job& from, std::size_t p, message_kind what) const;
  job without(const job& from, std::size_t p, std::uint16_t to_it, std::uint16_t from_it) const;
  job forced(const job& from, std::size_t node) const;
  job notified(const job& from, std::size_t node) const;
  job crashed(const job& from, std::size_t node, std::size_t kept) const;
  void restart_coordinator(job& to) const;
  void restart_participant(job& to, std::size_t p) const;

  void take_coordinator(job& to, effects& out) const;
  void take_participant(job& to, std::size_t p, effects& out) const;
  void note_durable(job& to) const;
  std::uint32_t member_of(const job& j, std::size_t p) const;
  std::size_t participant_of(const job& j, std::uint32_t member) const;
  bool is(planted what) const { return s_.fault == what; }
  std::string restart_violation(const job& j) const;
  std::string restart_violation(const job& j, const std::array<std::size_t, most_members + 1>& kept) const;

  scenario s_;
  mutable effects out_;
  mutable bool seen_commit_ = false;
  mutable bool seen_abort_ = false;
};

}  // namespace txn_model
