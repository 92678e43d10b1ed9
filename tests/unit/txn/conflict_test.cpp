// SPDX-License-Identifier: BSL-1.0
/// Two transactions that write the same key on each of two ranks, in every order of events, with the shipped
/// coordinators, participants and lock table: they commit in the same order on both ranks, and never wait for each
/// other for ever.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <weft/txn/coordinator.hpp>
#include <weft/txn/lock_table.hpp>
#include <weft/txn/participant.hpp>

#include "unit/txn/explorer.hpp"

namespace {

using namespace weft::txn;
using explore::step;

constexpr std::size_t both = 2;  ///< transactions, and ranks

/// One rank: its key's lock, and the participant of each transaction.
struct rank_model {
  std::array<participant, both> core;
  std::array<record_kind, both> pending{};  ///< not durable yet
  std::array<std::uint16_t, both> messages{};
  std::vector<std::uint8_t> holders, waiters;
  std::string applied;  ///< transactions, in their order
};

struct conflict {
  std::array<coordinator, both> core;
  std::array<record_kind, both> pending{};
  std::array<std::array<std::uint16_t, both>, both> messages{};  ///< from rank r about transaction t
  std::array<bool, both> is_wounded{};
  std::array<rank_model, both> at;
};

class conflict_model {
 public:
  using state = conflict;
  conflict_model(decision_rule rule, lock_policy policy) : rule_(rule), policy_(policy) {}

  conflict initial() const {
    conflict c;
    for (std::size_t t = 0; t < both; ++t) {
      c.core[t] = coordinator(rule_);
      for (rank_model& r : c.at) r.core[t].begin_work();
    }
    return c;
  }

  std::string key(const conflict& c) const {
    std::string k;
    for (std::size_t t = 0; t < both; ++t) {
      k += static_cast<char>(c.core[t].now());
      if (c.core[t].now() != coordinator::state::none) {
        for (const auto& m : c.core[t].members()) k += static_cast<char>(static_cast<int>(m.vote) * 2 + m.is_awaited);
      }
      k += static_cast<char>(static_cast<int>(c.pending[t]) * 2 + c.is_wounded[t]);
    }
    for (std::size_t r = 0; r < both; ++r) {
      const rank_model& at = c.at[r];
      for (std::size_t t = 0; t < both; ++t) {
        k += static_cast<char>(static_cast<int>(at.core[t].now()) * 8 + static_cast<int>(at.pending[t]));
        for (std::uint16_t bits : {at.messages[t], c.messages[r][t]}) {
          k += static_cast<char>(bits & 0xff);
          k += static_cast<char>(bits >> 8);
        }
      }
      k += "H" + std::string(at.holders.begin(), at.holders.end()) + "W" +
           std::string(at.waiters.begin(), at.waiters.end()) + "A" + at.applied;
    }
    return k;
  }

  std::string violation(const conflict& c) const {
    const std::string &first = c.at[0].applied, &second = c.at[1].applied;
    if (first.size() == both && second.size() == both && first != second) return "committed in another order";
    for (const rank_model& at : c.at) {
      if (at.holders.size() > 1) return "two hold the lock";
    }
    return {};
  }

  bool is_resolved(const conflict& c) const {
    for (std::size_t t = 0; t < both; ++t) {
      if (c.core[t].now() != coordinator::state::none) return false;
      for (const rank_model& at : c.at) {
        const auto now = at.core[t].now();
        if (now != participant::state::none && now != participant::state::committed) return false;
      }
    }
    return c.at[0].holders.empty() && c.at[1].holders.empty();
  }

  template <class Visit>
  void successors(const conflict& from, Visit visit) const {
    for (std::size_t t = 0; t < both; ++t) {
      const int name = static_cast<int>(t);
      if (from.core[t].now() == coordinator::state::idle)
        visit(at_coordinator(from, t, [](coordinator& c, effects& out) { c.commit(members, false, out); }),
              step{"commit of", name}, false);
      if (from.pending[t] != record_kind::none) visit(coordinator_durable(from, t), step{"decision of", name}, false);
      if (from.is_wounded[t] && from.core[t].may_abort())
        visit(at_coordinator(from, t, [](coordinator& c, effects& out) { c.on_deadline(out); }), step{"wound of", name},
              false);
      for (std::size_t r = 0; r < both; ++r) rank_steps(from, t, r, visit);
    }
  }

 private:
  static constexpr std::array<member_role, both> members{member_role::voter, member_role::voter};

  template <class Visit>
  void rank_steps(const conflict& from, std::size_t t, std::size_t r, Visit visit) const {
    const int name = static_cast<int>(t);
    if (from.at[r].pending[t] != record_kind::none) visit(rank_durable(from, t, r), step{"record of", name}, false);
    for (int k = 0; k < message_kinds; ++k) {
      const auto what = static_cast<message_kind>(k);
      const auto bit = 1u << k;
      if ((from.at[r].messages[t] & bit) != 0) {
        conflict to = from;
        at_rank(to, t, r, [&](participant& c, effects& out) { c.on_message(what, out); });
        visit(to, step{"to a rank about", name, name_of(what)}, false);
      }
      if ((from.messages[r][t] & bit) != 0) {
        const auto member = static_cast<std::uint32_t>(r);
        visit(at_coordinator(from, t, [&](coordinator& c, effects& out) { c.on_message(member, what, out); }),
              step{"to the coordinator of", name, name_of(what)}, false);
      }
    }
  }

  template <class Call>
  conflict at_coordinator(const conflict& from, std::size_t t, Call call) const {
    conflict to = from;
    effects out;
    call(to.core[t], out);
    if (out.record != record_kind::none && out.record != record_kind::ended) to.pending[t] = out.record;
    for (const outgoing& m : out.messages) {
      auto& bits = to.at[m.member].messages[t];
      bits = static_cast<std::uint16_t>(bits | 1u << static_cast<unsigned>(m.what));
    }
    return to;
  }
  conflict coordinator_durable(const conflict& from, std::size_t t) const {
    const record_kind what = from.pending[t];
    conflict before = from;
    before.pending[t] = record_kind::none;
    return at_coordinator(before, t, [&](coordinator& c, effects& out) { c.on_durable(what, out); });
  }
  conflict rank_durable(const conflict& from, std::size_t t, std::size_t r) const {
    const record_kind what = from.at[r].pending[t];
    conflict to = from;
    to.at[r].pending[t] = record_kind::none;
    at_rank(to, t, r, [&](participant& c, effects& out) { c.on_durable(what, out); });
    return to;
  }

  template <class Call>
  void at_rank(conflict& to, std::size_t t, std::size_t r, Call call) const {
    rank_model& at = to.at[r];
    effects out;
    call(at.core[t], out);
    if (out.record != record_kind::none) at.pending[t] = out.record;
    for (const outgoing& m : out.messages)
      to.messages[r][t] = static_cast<std::uint16_t>(to.messages[r][t] | 1u << static_cast<unsigned>(m.what));
    if (out.calls(upcall::prepare)) lock(to, t, r);
    if (out.calls(upcall::commit)) at.applied += static_cast<char>('0' + t);
    if (out.calls(upcall::commit) || out.calls(upcall::abort) || out.calls(upcall::release)) free(to, t, r);
  }
  void voted(conflict& to, std::size_t t, std::size_t r, vote what) const {
    at_rank(to, t, r, [&](participant& c, effects& out) { c.on_voted(what, out); });
  }

  /// The lock table that leads to what the state says: transaction 0 is the older one.
  void build(lock_table& locks, const rank_model& at) const {
    for (std::uint8_t t : at.holders) locks.acquire("key", by(t));
    for (std::uint8_t t : at.waiters) locks.acquire("key", by(t));
    locks.take_victims();
  }
  static lock_table::request by(std::size_t t) { return {t + 1, {t, 0}, lock_mode::exclusive, t}; }

  void lock(conflict& to, std::size_t t, std::size_t r) const {
    lock_table locks(policy_);
    build(locks, to.at[r]);
    const lock_answer answer = locks.acquire("key", by(t));
    for (std::uint64_t victim : locks.take_victims()) to.is_wounded[victim - 1] = true;
    if (answer == lock_answer::waiting) to.at[r].waiters.push_back(static_cast<std::uint8_t>(t));
    if (answer == lock_answer::granted) to.at[r].holders.push_back(static_cast<std::uint8_t>(t));
    if (answer != lock_answer::waiting) voted(to, t, r, answer == lock_answer::granted ? vote::yes : vote::no);
  }
  void free(conflict& to, std::size_t t, std::size_t r) const {
    lock_table locks(policy_);
    build(locks, to.at[r]);
    locks.release(t + 1);
    std::erase(to.at[r].holders, t);
    std::erase(to.at[r].waiters, t);
    for (std::uint64_t lucky : locks.take_granted()) {
      std::erase(to.at[r].waiters, lucky);
      to.at[r].holders.push_back(static_cast<std::uint8_t>(lucky));
      voted(to, lucky, r, vote::yes);
    }
  }

  decision_rule rule_;
  lock_policy policy_;
};

explore::result run(const char* what, decision_rule rule, lock_policy policy) {
  const explore::result r = explore::explore(conflict_model(rule, policy));
  explore::print(what, r);
  EXPECT_EQ(r.violation, "");
  return r;
}

TEST(conflict, two_transactions_on_one_key_of_two_ranks) {
  constexpr auto by_record = decision_rule::explicit_record;
  constexpr auto implicitly = decision_rule::implicit;
  EXPECT_TRUE(run("two on one key, explicit, wait_die", by_record, lock_policy::wait_die).is_clean());
  EXPECT_TRUE(run("two on one key, explicit, no_wait", by_record, lock_policy::no_wait).is_clean());
  EXPECT_TRUE(run("two on one key, explicit, wound_wait", by_record, lock_policy::wound_wait).is_clean());
  EXPECT_TRUE(run("two on one key, implicit, wait_die", implicitly, lock_policy::wait_die).is_clean());
  EXPECT_TRUE(run("two on one key, implicit, no_wait", implicitly, lock_policy::no_wait).is_clean());
  EXPECT_TRUE(run("two on one key, implicit, wound_wait", implicitly, lock_policy::wound_wait).is_clean());
}

TEST(conflict, waiting_without_an_end_is_found) {
  const auto r = run("two on one key, explicit, waits for ever", decision_rule::explicit_record, lock_policy::timeout);
  EXPECT_GT(r.stuck, 0u) << "nobody gives up here, so that the two may wait for each other";
}

}  // namespace
