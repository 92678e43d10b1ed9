// SPDX-License-Identifier: BSL-1.0
/// The rows of the participant's table in docs/design/transactions.md: from every state, every event.
#include <weft/txn/participant.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace weft::txn;
using state = participant::state;

/// "prepared! vote_yes commit": the record, the message, the call.
std::string text_of(const effects& out) {
  std::string text;
  if (out.record != record_kind::none) text += std::string(name_of(out.record)) + (out.urgent ? "! " : " ");
  for (const outgoing& m : out.messages) text += std::string(name_of(m.what)) + " ";
  if (out.calls(upcall::prepare)) text += "ask ";
  if (out.calls(upcall::commit)) text += "apply ";
  if (out.calls(upcall::abort)) text += "discard ";
  if (out.calls(upcall::release)) text += "free ";
  if (out.calls(upcall::recover)) text += "take_again ";
  if (!text.empty()) text.pop_back();
  return text;
}

/// A participant in the given state, on the way there that `listed` says.
participant in(state want, bool listed = false) {
  participant p;
  effects out;
  if (want == state::none) return p;
  p.begin_work();
  if (want == state::working) return p;
  if (want >= state::voting_alone) {
    p.on_message(message_kind::commit_alone, out);
    if (want == state::voting_alone) return p;
    p.on_voted(vote::yes, out);
    if (want == state::committing_alone) return p;
    p.on_durable(record_kind::committed, out);
    return p;
  }
  p.on_message(listed ? message_kind::prepare_listed : message_kind::prepare, out);
  if (want == state::voting) return p;
  p.on_voted(vote::yes, out);
  if (want == state::preparing) return p;
  p.on_durable(record_kind::prepared, out);
  if (want == state::prepared) return p;
  p.on_message(want == state::committing ? message_kind::commit : message_kind::abort_acknowledged, out);
  return p;
}

struct row {
  state from;
  message_kind what;
  std::string expected;
  state to;
};

TEST(participant_steps, every_message_in_every_state) {
  using m = message_kind;
  const std::vector<row> rows{
      {state::none, m::prepare, "vote_no", state::none},
      {state::none, m::prepare_listed, "vote_no", state::none},
      {state::none, m::commit_alone, "vote_no", state::none},
      {state::none, m::release, "", state::none},
      {state::none, m::commit, "acknowledge", state::none},
      {state::none, m::abort, "", state::none},
      {state::none, m::abort_acknowledged, "acknowledge", state::none},
      {state::working, m::prepare, "ask", state::voting},
      {state::working, m::prepare_listed, "ask", state::voting},
      {state::working, m::commit_alone, "ask", state::voting_alone},
      {state::working, m::release, "free", state::none},
      {state::working, m::commit, "", state::working},
      {state::working, m::abort, "discard", state::none},
      {state::working, m::abort_acknowledged, "acknowledge discard", state::none},
      {state::voting, m::prepare, "", state::voting},
      {state::voting, m::commit, "", state::voting},
      {state::voting, m::abort, "discard", state::none},
      {state::voting, m::abort_acknowledged, "acknowledge discard", state::none},
      {state::preparing, m::prepare, "", state::preparing},
      {state::preparing, m::commit, "", state::preparing},
      {state::preparing, m::abort, "aborted discard", state::none},
      {state::preparing, m::abort_acknowledged, "aborted discard", state::aborting},
      {state::prepared, m::prepare, "vote_yes", state::prepared},
      {state::prepared, m::commit, "committed apply", state::committing},
      {state::prepared, m::abort, "aborted discard", state::none},
      {state::prepared, m::abort_acknowledged, "aborted discard", state::aborting},
      {state::prepared, m::release, "", state::prepared},
      {state::committing, m::prepare, "", state::committing},
      {state::committing, m::commit, "", state::committing},
      {state::committing, m::abort, "", state::committing},
      {state::aborting, m::prepare_listed, "vote_no", state::aborting},
      {state::aborting, m::abort_acknowledged, "", state::aborting},
      {state::voting_alone, m::commit_alone, "", state::voting_alone},
      {state::voting_alone, m::abort, "", state::voting_alone},
      {state::committing_alone, m::commit_alone, "", state::committing_alone},
      {state::committed, m::commit_alone, "committed_alone", state::committed},
      {state::committed, m::commit, "acknowledge", state::committed},
      {state::committed, m::abort, "", state::committed},
  };
  for (const row& r : rows) {
    participant p = in(r.from);
    ASSERT_EQ(p.now(), r.from) << name_of(r.from);
    effects out;
    p.on_message(r.what, out);
    EXPECT_EQ(text_of(out), r.expected) << name_of(r.from) << ", " << name_of(r.what);
    EXPECT_EQ(p.now(), r.to) << name_of(r.from) << ", " << name_of(r.what);
  }
}

std::string voted(participant& p, vote what) {
  effects out;
  p.on_voted(what, out);
  return text_of(out);
}
std::string durable(participant& p, record_kind what) {
  effects out;
  p.on_durable(what, out);
  return text_of(out);
}

TEST(participant_steps, votes) {
  participant p = in(state::voting);
  EXPECT_EQ(voted(p, vote::no), "vote_no discard");
  p = in(state::voting);
  EXPECT_EQ(voted(p, vote::read_only), "vote_read_only free");
  p = in(state::voting, true);
  EXPECT_EQ(voted(p, vote::read_only), "prepared!") << "listed: it leaves a record";
  p = in(state::voting);
  EXPECT_EQ(voted(p, vote::yes), "prepared!") << "and says so only when it is durable";
  EXPECT_EQ(durable(p, record_kind::prepared), "vote_yes");
  p = in(state::voting_alone);
  EXPECT_EQ(voted(p, vote::yes), "committed!");
  EXPECT_EQ(durable(p, record_kind::committed), "committed_alone apply");
  p = in(state::voting_alone);
  EXPECT_EQ(voted(p, vote::no), "vote_no discard");
  p = in(state::voting_alone);
  EXPECT_EQ(voted(p, vote::read_only), "committed_alone free");
  p = in(state::none);
  EXPECT_EQ(voted(p, vote::yes), "") << "aborted while the resource thought about it";
}

TEST(participant_steps, a_record_that_is_durable_too_late_says_nothing) {
  participant p = in(state::preparing);
  effects out;
  p.on_message(message_kind::abort, out);
  EXPECT_EQ(durable(p, record_kind::prepared), "");
  EXPECT_EQ(durable(p, record_kind::aborted), "");
}

TEST(participant_steps, what_is_kept_after_the_commit) {
  participant p = in(state::committing);
  EXPECT_EQ(durable(p, record_kind::committed), "acknowledge");
  EXPECT_EQ(p.now(), state::none);
  p = in(state::committing, true);
  EXPECT_EQ(durable(p, record_kind::committed), "acknowledge");
  EXPECT_TRUE(p.needs_records()) << "others may still be in doubt, and this record is the decision";
  p.on_finished();
  EXPECT_FALSE(p.needs_records());
}

TEST(participant_steps, only_work_is_given_up) {
  for (int s = 0; s <= static_cast<int>(state::committed); ++s) {
    const auto from = static_cast<state>(s);
    participant p = in(from);
    effects out;
    p.on_deadline(out);
    EXPECT_EQ(text_of(out), from == state::working ? "discard" : "") << name_of(from);
    EXPECT_EQ(p.now(), from == state::working ? state::none : from);
    p = in(from);
    out.clear();
    p.on_timer(out);
    EXPECT_EQ(text_of(out), from == state::prepared ? "inquire" : "") << name_of(from);
  }
}

TEST(participant_steps, restart) {
  participant p;
  effects out;
  p.recover(record_kind::prepared, false, false, out);
  EXPECT_EQ(text_of(out), "inquire take_again");
  EXPECT_EQ(p.now(), state::prepared);
  out.clear();
  p = {};
  p.recover(record_kind::committed, false, false, out);
  EXPECT_EQ(text_of(out), "apply");
  EXPECT_EQ(p.now(), state::none);
  out.clear();
  p = {};
  p.recover(record_kind::committed, false, true, out);
  EXPECT_EQ(p.now(), state::committed) << "its coordinator may still ask";
  out.clear();
  p = {};
  p.recover(record_kind::aborted, false, false, out);
  EXPECT_EQ(text_of(out), "");
  EXPECT_EQ(p.now(), state::none);
}

}  // namespace
