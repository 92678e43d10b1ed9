// SPDX-License-Identifier: BSL-1.0
#include <weft/queue/activity_clock.hpp>

#include <gtest/gtest.h>

#include <chrono>

#include "support/context_driver.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;
using detail::activity_clock;
using activity = activity_clock::activity;

TEST(activity_clock, adds_up_what_came_before_the_present_activity) {
  testing::cluster_of_contexts c(1);
  activity_clock clock(c.at(0).loop());
  const auto pass = [&](activity next, duration length) {
    clock.set(next);
    c.cluster.advance(length);
  };
  c.cluster.advance(1s);
  pass(activity::searching, 20ms);
  pass(activity::searching, 5ms);  // no change
  pass(activity::idle, 300ms);
  pass(activity::working, 2s);
  queue_stats stats;
  clock.add_to(stats);
  EXPECT_EQ(stats.working, 1s);
  EXPECT_EQ(stats.searching, 25ms);
  EXPECT_EQ(stats.idle, 300ms);
  clock.set(activity::idle);
  clock.add_to(stats);
  EXPECT_EQ(stats.working, 3s);
}

}  // namespace
}  // namespace weft
