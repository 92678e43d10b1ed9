// SPDX-License-Identifier: BSL-1.0
#include <weft/queue/poll_pacer.hpp>

#include <gtest/gtest.h>

namespace weft::detail {
namespace {

using namespace std::chrono_literals;

struct outcome {
  double share;      // of the time that went into polls
  duration longest;  // gap between two polls, after the pacer has settled
};

/// Items of equal length, polled after each, where a real poll costs `poll`.
outcome simulate(duration item, duration poll) {
  poll_pacer pacer;
  time_point now{};
  time_point last{};
  duration polling{};
  duration longest{};
  constexpr int items = 2000000;
  for (int i = 0; i < items; ++i) {
    now += item;
    if (!pacer.due()) continue;
    if (i > items / 2) longest = std::max(longest, now - last);
    pacer.polled(now, now + poll);
    now += poll;
    last = now;
    polling += poll;
  }
  return {static_cast<double>(polling.count()) / static_cast<double>((now - time_point{}).count()), longest};
}

TEST(poll_pacer, keeps_the_cost_of_polling_at_two_percent) {
  EXPECT_LE(simulate(25ns, 40ns).share, 0.021);
  EXPECT_LE(simulate(25ns, 3800ns).share, 0.021);
  EXPECT_LE(simulate(1us, 100ns).share, 0.021);
}

TEST(poll_pacer, polls_after_every_long_item) {
  EXPECT_EQ(simulate(10ms, 4us).longest, 10ms);
  EXPECT_EQ(simulate(300us, 4us).longest, 300us);
}

TEST(poll_pacer, lets_no_thief_wait_long) {
  EXPECT_LE(simulate(25ns, 40ns).longest, 250us);
  EXPECT_LE(simulate(25ns, 3800ns).longest, 250us);
}

TEST(poll_pacer, one_disturbed_measurement_does_not_silence_the_rank) {
  poll_pacer pacer;
  time_point now{};
  pacer.polled(now, now + 1s);  // preempted inside the poll
  EXPECT_LE(pacer.every(), 2);
}

}  // namespace
}  // namespace weft::detail
