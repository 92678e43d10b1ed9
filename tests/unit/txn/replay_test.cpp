// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/replay.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <weft/core/codec.hpp>
#include <weft/core/error.hpp>

namespace {

using namespace weft::txn;
using weft::transaction_id;

const transaction_id first{1, 0, 1};
const transaction_id second{1, 0, 2};

entries one(const std::string& key, const std::string& value) { return {{key}, {value}}; }

void write(replay& to, std::uint32_t journal, const record& head, const entries* writes = nullptr) {
  weft::byte_buffer bytes, redo;
  encode(bytes, head);
  if (writes != nullptr) weft::encode(redo, *writes);
  bytes.append(redo.data(), redo.size());
  to.visit(journal, protocol_record_type, bytes.bytes());
}

record a_record(const transaction_id& id, record_kind kind) {
  record head;
  head.id = id;
  head.kind = kind;
  return head;
}

void promise(replay& to, std::uint32_t journal, const transaction_id& id, const std::string& key, bool is_listed) {
  record head = a_record(id, record_kind::prepared);
  head.is_listed = is_listed;
  head.voters = {0, 1};
  const entries writes = one(key, "new");
  write(to, journal, head, &writes);
}

/// All ranks put together what they have read, and each goes on with it.
std::vector<transaction_id> agree(std::vector<replay*> ranks) {
  std::vector<testimony> all;
  for (const replay* each : ranks) all.push_back(each->tell());
  outcome_table outcomes;
  const auto committed = judge(all, outcomes);
  for (const transaction_id& id : committed) EXPECT_TRUE(outcomes.has_committed(id));
  for (replay* each : ranks) each->resolve(committed);
  return committed;
}

using ids = std::vector<transaction_id>;

TEST(replay, all_listed_promises_are_a_decision) {
  replay a, b;
  promise(a, 0, first, "x", true);
  promise(b, 1, first, "y", true);
  promise(a, 0, second, "z", true);
  EXPECT_EQ(agree({&a, &b}), ids{first});
  EXPECT_EQ(a.data().at("x"), "new");
  EXPECT_EQ(b.data().at("y"), "new");
  EXPECT_EQ(a.data().count("z"), 0u) << "one promise is missing";
}

TEST(replay, one_rank_may_read_the_journals_of_both_participants) {
  replay both;
  promise(both, 0, first, "x", true);
  promise(both, 1, first, "y", true);
  EXPECT_EQ(agree({&both}), ids{first});
  EXPECT_EQ(both.data().size(), 2u);
}

TEST(replay, a_recorded_abort_outweighs_all_promises) {
  replay a, b;
  promise(a, 0, first, "x", true);
  promise(b, 1, first, "y", true);
  write(b, 2, a_record(first, record_kind::aborted));
  EXPECT_TRUE(agree({&a, &b}).empty());
  EXPECT_TRUE(a.data().empty());
}

TEST(replay, promises_of_the_explicit_rule_wait_for_a_record) {
  replay a, b, c;
  promise(a, 0, first, "x", false);
  promise(b, 1, first, "y", false);
  promise(a, 0, second, "z", false);
  record decision = a_record(first, record_kind::committed);
  decision.is_alone = true;
  decision.voters = {0, 1};
  const entries own = one("here", "new");
  write(c, 2, decision, &own);
  EXPECT_EQ(agree({&a, &b, &c}), ids{first});
  EXPECT_EQ(a.data().at("x"), "new");
  EXPECT_EQ(c.data().at("here"), "new");
  EXPECT_EQ(a.data().count("z"), 0u);
}

TEST(replay, what_is_committed_stands_in_the_order_of_its_records) {
  replay a;
  promise(a, 0, first, "x", true);
  write(a, 0, a_record(first, record_kind::committed));
  record alone = a_record(second, record_kind::committed);
  alone.is_alone = true;
  const entries later = one("x", "newer");
  write(a, 0, alone, &later);
  EXPECT_TRUE(agree({&a}).empty()) << "nothing was in doubt";
  EXPECT_EQ(a.data().at("x"), "newer");
}

TEST(replay, an_aborted_promise_leaves_nothing) {
  replay a;
  promise(a, 0, first, "x", true);
  write(a, 0, a_record(first, record_kind::aborted));
  EXPECT_TRUE(a.tell().prepared.empty());
  EXPECT_TRUE(agree({&a}).empty());
  EXPECT_TRUE(a.data().empty());
}

TEST(replay, another_journal_is_refused) {
  replay a;
  const std::vector<std::byte> bytes(8);
  EXPECT_THROW(a.visit(0, 9, bytes), weft::decode_error);
  EXPECT_THROW(a.visit(0, protocol_record_type, bytes), weft::decode_error);
  weft::byte_buffer lopsided;
  const entries wrong{{"a", "b"}, {"c"}};
  weft::encode(lopsided, wrong);
  EXPECT_THROW(a.visit(0, cells_record_type, lopsided.bytes()), weft::decode_error);
}

TEST(outcome_table, keeps_ranges) {
  outcome_table t;
  for (std::uint64_t sequence : {5u, 7u, 6u, 1u, 2u}) t.add_committed({1, 0, sequence});
  std::vector<outcome_table::range> all;
  t.for_each([&](std::uint32_t, std::uint32_t, const outcome_table::coordinator_outcomes& of) { all = of.committed; });
  EXPECT_EQ(all, (std::vector<outcome_table::range>{{1, 2}, {5, 7}}));
  EXPECT_TRUE(t.has_committed({1, 0, 6}));
  EXPECT_FALSE(t.has_committed({1, 0, 3}));
  EXPECT_FALSE(t.has_committed({2, 0, 6}));
}

}  // namespace
