// SPDX-License-Identifier: BSL-1.0
#include <weft/async/timer.hpp>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using namespace std::chrono_literals;
using timer_test = weft::testing::loop_test;

TEST_F(timer_test, sleeps_until_its_deadline_and_not_longer) {
  const time_point start = l.now();
  auto later = sleep_for(l, 9ms);
  sleep_for(l, 5ms).get();
  EXPECT_EQ(l.now(), start + 5ms);
  EXPECT_FALSE(later.ready());
  later.get();
  EXPECT_EQ(l.now(), start + 9ms);
}

TEST_F(timer_test, a_deadline_that_has_passed_is_ready_in_the_next_turn) {
  auto f = sleep_until(l, l.now() - 1s);
  turns(1);
  EXPECT_TRUE(f.ready());
}

TEST_F(timer_test, the_longest_time_is_never) {
  auto f = sleep_for(l, duration::max());
  EXPECT_EQ(l.timers().next(), never);
  turns(3);
  EXPECT_FALSE(f.ready());
}

TEST_F(timer_test, dropping_and_cancelling_take_it_out) {
  auto f = sleep_for(l, 1h);
  { auto dropped = sleep_for(l, 1ms); }
  EXPECT_EQ(l.timers().size(), 1u);
  EXPECT_TRUE(f.cancel());
  EXPECT_TRUE(l.timers().empty());
}

TEST_F(timer_test, a_wait_without_messages_ends_at_the_earlier_of_timer_and_deadline) {
  const time_point start = l.now();
  promise<void> p(l);
  auto f = p.get_future();
  auto tick = sleep_for(l, 2ms);
  EXPECT_FALSE(f.wait_for(1ms));
  EXPECT_EQ(l.now(), start + 1ms);
  EXPECT_FALSE(f.wait_for(9ms));
  EXPECT_EQ(l.now(), start + 10ms);
  EXPECT_TRUE(tick.ready());
}

TEST_F(timer_test, without_a_loop_it_says_so) { EXPECT_THROW(sleep_for(1ms), usage_error); }

TEST_F(timer_test, periodic_ticks_do_not_drift_and_count_what_they_miss) {
  const time_point start = l.now();
  periodic_timer every(l, 10ms);
  auto body = [&]() -> task<> {
    co_await every.next();
    EXPECT_EQ(l.now(), start + 10ms);
    co_await sleep_for(l, 4ms);  // late work does not move the ticks
    co_await every.next();
    EXPECT_EQ(l.now(), start + 20ms);
    co_await sleep_for(l, 25ms);  // 30 and 40 pass by: the last one that is due is handed out
    co_await every.next();
    EXPECT_EQ(l.now(), start + 45ms);
    EXPECT_EQ(every.missed(), 1u);
    co_await every.next();
    EXPECT_EQ(l.now(), start + 50ms);
  };
  run(l, body());
  EXPECT_THROW(periodic_timer(l, 0ms), usage_error);
}

}  // namespace
