// SPDX-License-Identifier: BSL-1.0
/// Every state that one transaction can get into, with the shipped steps: both rules, 1 to 3 participants, with
/// crashes, repeated, late and reordered messages; and the mistakes that this must find.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "unit/txn/explorer.hpp"
#include "unit/txn/protocol_model.hpp"

namespace {

using txn_model::decision_rule;
using txn_model::member_role;
using txn_model::planted;
using txn_model::protocol_model;
using txn_model::scenario;

constexpr auto voter = member_role::voter;
constexpr auto reader = member_role::reader;
constexpr auto holder = member_role::holder;

explore::result explore_cleanly(const char* what, const scenario& s) {
  const protocol_model model(s);
  const explore::result r = explore::explore(model);
  explore::print(what, r);
  EXPECT_TRUE(r.closed);
  EXPECT_EQ(r.violation, "");
  EXPECT_EQ(r.stuck, 0u);
  for (const std::string& step : r.trace) std::printf("    %s\n", step.c_str());
  if (s.rule == decision_rule::implicit) {
    EXPECT_TRUE(model.has_seen(true)) << "no restart commits";
    EXPECT_TRUE(model.has_seen(false)) << "no restart aborts";
  }
  return r;
}

scenario explicit_rule(std::vector<member_role> members, bool wrote_here = true, bool may_lose = false) {
  scenario s;
  s.members = std::move(members);
  s.wrote_here = wrote_here;
  s.may_lose = may_lose;
  return s;
}
scenario implicit_rule(std::vector<member_role> members, bool may_lose = false) {
  scenario s = explicit_rule(std::move(members), false, may_lose);
  s.rule = decision_rule::implicit;
  s.nodes_crash = false;
  return s;
}
/// A holder has to rely on the failure of the job as a whole, and on messages that come.
scenario with_holders(scenario s) {
  s.nodes_crash = false;
  return s;
}

TEST(exploration, explicit_rule_any_node_crashes_any_number_of_times) {
  explore_cleanly("explicit, only here", explicit_rule({}));
  explore_cleanly("explicit, alone", explicit_rule({voter}, false));
  explore_cleanly("explicit, alone and a holder", with_holders(explicit_rule({voter, holder}, false)));
  explore_cleanly("explicit, 1 and here", explicit_rule({voter}));
  explore_cleanly("explicit, 2", explicit_rule({voter, voter}, false));
  explore_cleanly("explicit, voter, reader and here", explicit_rule({voter, reader}));
  explore_cleanly("explicit, voter, holder and here", with_holders(explicit_rule({voter, holder})));
}

TEST(exploration, explicit_rule_three_participants) {
  scenario three = explicit_rule({voter, voter, voter}, false);
  three.may_vote_read_only = false;
  explore_cleanly("explicit, 3", three);
}

TEST(exploration, explicit_rule_messages_are_lost) {
  explore_cleanly("explicit, alone, messages lost", explicit_rule({voter}, false, true));
  explore_cleanly("explicit, 1 and here, messages lost", explicit_rule({voter}, true, true));
}

TEST(exploration, implicit_rule_the_job_crashes_in_every_state) {
  explore_cleanly("implicit, alone", implicit_rule({voter}));
  explore_cleanly("implicit, alone and a holder", implicit_rule({voter, holder}));
  explore_cleanly("implicit, 2", implicit_rule({voter, voter}));
  explore_cleanly("implicit, 2 and a holder", implicit_rule({voter, voter, holder}));
  explore_cleanly("implicit, voter and reader", implicit_rule({voter, reader}));
}

TEST(exploration, implicit_rule_three_participants) {
  scenario three = implicit_rule({voter, voter, voter});
  three.may_vote_read_only = false;
  explore_cleanly("implicit, 3", three);
}

TEST(exploration, implicit_rule_messages_are_lost) {
  explore_cleanly("implicit, alone, messages lost", implicit_rule({voter}, true));
  scenario two = implicit_rule({voter, voter}, true);
  two.may_vote_read_only = false;
  explore_cleanly("implicit, 2, messages lost", two);
}

void expect_found(scenario s, planted fault) {
  s.fault = fault;
  const protocol_model model(s);
  const explore::result r = explore::explore(model);
  explore::print((std::string("planted: ") + name_of(fault)).c_str(), r);
  EXPECT_TRUE(!r.violation.empty() || r.stuck > 0) << name_of(fault);
  EXPECT_FALSE(r.trace.empty());
}

TEST(exploration, finds_what_is_planted_in_the_explicit_rule) {
  for (auto fault = planted::vote_before_prepared_is_durable; fault <= planted::heuristic_abort_in_doubt;
       fault = static_cast<planted>(static_cast<int>(fault) + 1))
    expect_found(explicit_rule({voter, voter}, false), fault);
}

TEST(exploration, finds_what_is_planted_in_the_implicit_rule) {
  expect_found(implicit_rule({voter, voter}), planted::vote_before_prepared_is_durable);
  for (auto fault = planted::abort_at_deadline_is_told_at_once; fault <= planted::recovery_overlooks_aborted;
       fault = static_cast<planted>(static_cast<int>(fault) + 1))
    expect_found(implicit_rule({voter, voter}), fault);
}

}  // namespace
