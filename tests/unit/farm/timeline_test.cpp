// SPDX-License-Identifier: BSL-1.0
#include "farm/timeline.hpp"

#include <gtest/gtest.h>

namespace {

using weft::farm::timeline;

TEST(timeline, knows_when_something_ran) {
  timeline busy;
  busy.add(0.25, 0.75);
  EXPECT_NEAR(busy.between(0, 0.25), 0, 1e-9);
  EXPECT_NEAR(busy.between(0.25, 0.5), 0.25, 1e-9);
  EXPECT_NEAR(busy.between(0.5, 10), 0.25, 1e-9);
}

TEST(timeline, what_overlaps_adds_up) {
  timeline busy;
  busy.add(0, 1);
  busy.add(0.5, 1);
  EXPECT_NEAR(busy.between(0.5, 1), 1, 1e-9);
}

TEST(timeline, grows_with_time_and_keeps_the_sum) {
  timeline busy;
  busy.add(0, 1);
  busy.add(5000, 6000);
  EXPECT_NEAR(busy.between(0, 10000), 1001, 1e-6);
  EXPECT_NEAR(busy.between(4000, 7000), 1000, 1e-6);
}

TEST(timeline, takes_a_start_that_rounding_put_before_the_beginning) {
  timeline busy;
  busy.add(-0.001, 0.5);
  EXPECT_NEAR(busy.between(0, 1), 0.5, 1e-9);
}

}  // namespace
