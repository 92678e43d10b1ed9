// SPDX-License-Identifier: BSL-1.0
#include "farm/tally.hpp"

#include <gtest/gtest.h>

namespace {

using weft::farm::tally;
using weft::farm::task_result;

task_result ended(std::uint64_t id, int exit, int signal, int rank = 0) {
  return {id, "command", exit, signal, 0.5, rank, 1};
}

TEST(tally, counts_by_how_tasks_ended_and_where) {
  tally counts(4);
  counts.add(ended(1, 0, 0, 0), 1);
  counts.add(ended(2, 3, 0, 1), 1);
  counts.add(ended(3, -1, 9, 1), 2);
  EXPECT_EQ(counts.total(), 4U);
  EXPECT_EQ(counts.ended(), 3U);
  EXPECT_EQ(counts.failed(), 2U);
  EXPECT_EQ(counts.killed(), 1U);
  EXPECT_EQ(counts.ranks().at(0).tasks, 1U);
  EXPECT_EQ(counts.ranks().at(1).tasks, 2U);
  EXPECT_DOUBLE_EQ(counts.ranks().at(1).busy, 1.0);
  EXPECT_NEAR(counts.ranks().at(1).over_time.between(1.5, 2), 0.5, 1e-9);
}

TEST(tally, keeps_the_first_failures_only) {
  tally counts(100);
  for (std::uint64_t id = 1; id <= 100; ++id) counts.add(ended(id, 1, 0), 1);
  ASSERT_EQ(counts.first_failures().size(), tally::failures_kept);
  EXPECT_EQ(counts.first_failures().front().id, 1U);
}

}  // namespace
