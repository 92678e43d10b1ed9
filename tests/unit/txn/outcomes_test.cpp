// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/outcomes.hpp>

#include <gtest/gtest.h>

namespace weft::txn {
namespace {

constexpr std::optional<transaction_outcome> unknown = std::nullopt;

TEST(outcome_table, forgets_the_oldest_and_knows_that_it_has) {
  outcome_table t;
  for (std::uint64_t s = 1; s <= 200; s += 2) t.add_committed({3, 0, s});  // 100 ranges: every other one aborted
  t.trim(3, 0, 1000, 100);
  EXPECT_EQ(t.find({3, 0, 2}), transaction_outcome::aborted) << "not too many yet";
  t.trim(3, 0, 1000, 80);
  EXPECT_EQ(t.find({3, 0, 2}), unknown);
  EXPECT_EQ(t.find({3, 0, 1}), unknown);
  EXPECT_EQ(t.find({3, 0, 199}), transaction_outcome::committed);
  EXPECT_EQ(t.find({3, 0, 198}), transaction_outcome::aborted);
  std::size_t left = 0;
  t.for_each([&](std::uint32_t, std::uint32_t, const auto& of) { left = of.committed.size(); });
  EXPECT_EQ(left, 40u);
}

TEST(outcome_table, keeps_what_may_still_be_in_doubt) {
  outcome_table t;
  for (std::uint64_t s = 1; s <= 200; s += 2) t.add_committed({3, 0, s});
  t.trim(3, 0, 7, 10);
  EXPECT_EQ(t.find({3, 0, 5}), unknown);
  EXPECT_EQ(t.find({3, 0, 7}), transaction_outcome::committed);
  EXPECT_EQ(t.find({3, 0, 8}), transaction_outcome::aborted);
}

TEST(outcome_table, learns_from_others_what_it_has_forgotten_and_what_they_have) {
  outcome_table mine, other;
  for (std::uint64_t s = 1; s <= 200; s += 2) mine.add_committed({3, 0, s});
  other.add_committed({3, 0, 1});
  mine.trim(3, 0, 1000, 10);
  const auto merge = [](outcome_table& to, const outcome_table& from) {
    from.for_each([&](std::uint32_t epoch, std::uint32_t coordinator, const auto& of) {
      to.add(epoch, coordinator, of);
    });
  };
  merge(mine, other);
  EXPECT_EQ(mine.find({3, 0, 1}), transaction_outcome::committed);
  EXPECT_EQ(mine.find({3, 0, 2}), unknown);
  merge(other, mine);
  EXPECT_EQ(other.find({3, 0, 2}), unknown);
  EXPECT_EQ(other.find({3, 0, 199}), transaction_outcome::committed);
}

TEST(outcome_table, forgets_whole_runs) {
  outcome_table t;
  t.add_committed({1, 0, 5});
  t.add_committed({2, 1, 5});
  t.forget_runs_before(2);
  t.add_committed({1, 0, 5});
  EXPECT_EQ(t.find({1, 0, 5}), unknown);
  EXPECT_EQ(t.find({2, 1, 5}), transaction_outcome::committed);
  EXPECT_EQ(t.find({2, 1, 6}), transaction_outcome::aborted);
  EXPECT_EQ(t.first_epoch(), 2u);
}

}  // namespace
}  // namespace weft::txn
