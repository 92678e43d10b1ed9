// SPDX-License-Identifier: BSL-1.0
/// The rows of the coordinator's table in docs/design/transactions.md, one by one.
#include <weft/txn/coordinator.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace {

using namespace weft::txn;
using state = coordinator::state;
constexpr auto voter = member_role::voter;
constexpr auto reader = member_role::reader;
constexpr auto holder = member_role::holder;

/// What a step asked for, in a line: "committed! commit>0 commit>1 tell_committed".
std::string text_of(const effects& out) {
  static constexpr std::array<const char*, 7> calls{"prepare", "commit",         "abort",       "release",
                                                    "recover", "tell_committed", "tell_aborted"};
  std::string text;
  if (out.record != record_kind::none) text += std::string(name_of(out.record)) + (out.urgent ? "! " : " ");
  for (const outgoing& m : out.messages) text += std::string(name_of(m.what)) + ">" + std::to_string(m.member) + " ";
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (out.calls(static_cast<upcall>(i))) text += std::string(calls[i]) + " ";
  }
  if (out.arm_timer) text += "timer ";
  if (!text.empty()) text.pop_back();
  return text;
}

class coordinator_steps : public testing::Test {
 protected:
  void begin(decision_rule rule, std::vector<member_role> members, bool wrote_here = false) {
    c_ = coordinator(rule);
    out_.clear();
    c_.commit(members, wrote_here, out_);
  }
  std::string commit(decision_rule rule, std::vector<member_role> members, bool wrote_here = false) {
    begin(rule, std::move(members), wrote_here);
    return text_of(out_);
  }
  std::string on(std::uint32_t from, message_kind what) {
    out_.clear();
    c_.on_message(from, what, out_);
    return text_of(out_);
  }
  std::string durable(record_kind what) {
    out_.clear();
    c_.on_durable(what, out_);
    return text_of(out_);
  }
  std::string deadline() {
    out_.clear();
    c_.on_deadline(out_);
    return text_of(out_);
  }
  std::string timer() {
    out_.clear();
    c_.on_timer(out_);
    return text_of(out_);
  }

  coordinator c_;
  effects out_;
};

constexpr auto by_record = decision_rule::explicit_record;
constexpr auto implicitly = decision_rule::implicit;

TEST_F(coordinator_steps, only_this_rank_wrote) {
  EXPECT_EQ(commit(by_record, {}, true), "committed!");
  EXPECT_EQ(deadline(), "");
  EXPECT_EQ(durable(record_kind::committed), "commit tell_committed");
  EXPECT_EQ(c_.now(), state::none);
}

TEST_F(coordinator_steps, nobody_wrote) {
  EXPECT_EQ(commit(by_record, {}), "commit tell_committed");
  EXPECT_EQ(commit(by_record, {holder, holder}), "release>0 release>1 commit tell_committed");
  EXPECT_EQ(commit(implicitly, {holder}), "release>0 commit tell_committed");
  EXPECT_EQ(commit(by_record, {reader}), "prepare>0");
  EXPECT_EQ(on(0, message_kind::vote_read_only), "commit tell_committed");
  EXPECT_EQ(c_.now(), state::none);
}

TEST_F(coordinator_steps, one_participant_decides_alone) {
  EXPECT_EQ(commit(by_record, {voter, holder}), "commit_alone>0 timer");
  EXPECT_EQ(deadline(), "");
  EXPECT_EQ(timer(), "commit_alone>0 timer");
  EXPECT_EQ(on(0, message_kind::committed_alone), "release>1 commit tell_committed");
  EXPECT_EQ(on(0, message_kind::committed_alone), "");
  EXPECT_EQ(commit(implicitly, {voter}), "commit_alone>0 timer");
  EXPECT_EQ(on(0, message_kind::vote_no), "abort tell_aborted");
}

TEST_F(coordinator_steps, explicit_commit) {
  EXPECT_EQ(commit(by_record, {voter, voter, holder}, true), "prepare>0 prepare>1");
  EXPECT_EQ(on(0, message_kind::vote_yes), "");
  EXPECT_EQ(on(0, message_kind::vote_yes), "") << "a repetition is not the other's vote";
  EXPECT_EQ(on(0, message_kind::inquire), "");
  EXPECT_EQ(on(1, message_kind::vote_yes), "committed! release>2");
  EXPECT_EQ(deadline(), "");
  EXPECT_EQ(on(0, message_kind::inquire), "");
  EXPECT_EQ(durable(record_kind::committed), "commit>0 commit>1 commit tell_committed timer");
  EXPECT_EQ(on(0, message_kind::vote_yes), "");
  EXPECT_EQ(on(0, message_kind::inquire), "commit>0");
  EXPECT_EQ(on(0, message_kind::acknowledge), "");
  EXPECT_EQ(on(0, message_kind::acknowledge), "");
  EXPECT_EQ(timer(), "commit>1 timer");
  EXPECT_EQ(on(1, message_kind::acknowledge), "ended");
  EXPECT_EQ(c_.now(), state::none);
}

TEST_F(coordinator_steps, a_read_only_voter_is_left_out) {
  begin(by_record, {voter, reader});
  EXPECT_EQ(on(1, message_kind::vote_read_only), "");
  EXPECT_EQ(on(0, message_kind::vote_yes), "committed!");
  EXPECT_EQ(durable(record_kind::committed), "commit>0 commit tell_committed timer");
  EXPECT_EQ(on(0, message_kind::acknowledge), "ended");
}

TEST_F(coordinator_steps, a_refusal_needs_no_record) {
  for (decision_rule rule : {by_record, implicitly}) {
    begin(rule, {voter, voter, holder});
    on(0, message_kind::vote_yes);
    EXPECT_EQ(on(1, message_kind::vote_no), "abort>0 abort>2 abort tell_aborted");
    EXPECT_EQ(c_.now(), state::none);
    EXPECT_EQ(on(0, message_kind::inquire), "abort>0");
  }
}

TEST_F(coordinator_steps, the_deadline_of_an_explicit_decision) {
  begin(by_record, {voter, voter});
  EXPECT_EQ(deadline(), "abort>0 abort>1 abort tell_aborted");
  EXPECT_EQ(on(0, message_kind::vote_yes), "abort>0");
}

TEST_F(coordinator_steps, the_deadline_of_an_implicit_decision_is_recorded_first) {
  begin(implicitly, {voter, voter, holder});
  EXPECT_EQ(deadline(), "aborted!");
  EXPECT_EQ(on(0, message_kind::vote_yes), "");
  EXPECT_EQ(durable(record_kind::aborted),
            "abort_acknowledged>0 abort_acknowledged>1 abort>2 abort tell_aborted timer");
  EXPECT_EQ(on(0, message_kind::acknowledge), "");
  EXPECT_EQ(timer(), "abort_acknowledged>1 timer");
  EXPECT_EQ(on(1, message_kind::inquire), "abort_acknowledged>1");
  EXPECT_EQ(on(1, message_kind::acknowledge), "");
  EXPECT_EQ(c_.now(), state::none);
}

TEST_F(coordinator_steps, implicit_commit) {
  EXPECT_EQ(commit(implicitly, {voter, reader}), "prepare_listed>0 prepare_listed>1");
  EXPECT_EQ(on(1, message_kind::vote_read_only), "") << "a listed participant leaves a record: this is no vote";
  EXPECT_EQ(on(1, message_kind::vote_yes), "");
  EXPECT_EQ(on(0, message_kind::vote_yes), "commit>0 commit>1 commit tell_committed timer");
  on(0, message_kind::acknowledge);
  EXPECT_EQ(on(1, message_kind::acknowledge), "");
  EXPECT_EQ(c_.now(), state::none);
}

TEST_F(coordinator_steps, the_client_gives_up) {
  c_ = coordinator(by_record);
  out_.clear();
  c_.abandon(2, out_);
  EXPECT_EQ(text_of(out_), "abort>0 abort>1 abort tell_aborted");
}

TEST_F(coordinator_steps, what_is_unknown_has_aborted) {
  EXPECT_EQ(on(7, message_kind::vote_yes), "abort>7");
  EXPECT_EQ(on(7, message_kind::inquire), "abort>7");
  for (auto what :
       {message_kind::vote_no, message_kind::vote_read_only, message_kind::acknowledge, message_kind::committed_alone})
    EXPECT_EQ(on(7, what), "");
}

TEST_F(coordinator_steps, a_restart_goes_on_with_the_decision) {
  out_.clear();
  c_ = coordinator();
  c_.recover(2, out_);
  EXPECT_EQ(text_of(out_), "commit>0 commit>1 commit timer");
  on(0, message_kind::acknowledge);
  EXPECT_EQ(on(1, message_kind::acknowledge), "ended");
  out_.clear();
  c_.recover(0, out_);
  EXPECT_EQ(text_of(out_), "commit");
  EXPECT_EQ(c_.now(), state::none);
}

}  // namespace
