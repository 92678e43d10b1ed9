// SPDX-License-Identifier: BSL-1.0
#include <weft/async/timeout.hpp>

#include <string>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using namespace std::chrono_literals;
using weft::testing::late;
using timeout_test = weft::testing::loop_test;

TEST_F(timeout_test, the_value_comes_in_time) {
  promise<int> p(l);
  auto f = spawn(l, with_timeout(p.get_future(), 5ms));
  turns(1);
  p.set_value(4);
  EXPECT_EQ(f.get(), 4);
  EXPECT_TRUE(l.timers().empty());
}

TEST_F(timeout_test, the_deadline_passes_and_names_what_was_awaited) {
  promise<int> p(l);
  const time_point start = l.now();
  try {
    run(l, with_timeout(p.get_future(), 5ms));
    FAIL() << "no value was set";
  } catch (const timed_out& e) {
    EXPECT_NE(std::string(e.what()).find("promise"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("timeout_test.cpp"), std::string::npos);
  }
  EXPECT_EQ(l.now(), start + 5ms);
  EXPECT_FALSE(p.wanted());
}

TEST_F(timeout_test, a_value_that_was_there_at_the_deadline_is_not_lost) {
  EXPECT_EQ(run(l, with_timeout(late(l, 11), 5ms)), 11);
  auto f = late(l, 12);
  EXPECT_EQ(run(l, with_timeout(f, 5ms)), 12);
}

TEST_F(timeout_test, a_value_that_was_there_when_the_waiter_was_cancelled_is_not_lost) {
  auto waiting = spawn(l, with_timeout(late(l, 13), 1h));
  turns(1);
  EXPECT_FALSE(waiting.cancel());
  EXPECT_EQ(waiting.get(), 13);
  // Nested: the outer deadline cancels the inner wait.
  auto nested = [this]() -> task<int> { return with_timeout(with_timeout(late(l, 14), 1h), 1ms); };
  auto body = [&]() -> task<int> { co_return co_await nested(); };
  EXPECT_EQ(run(l, body()), 14);
}

TEST_F(timeout_test, a_task_is_cancelled_at_the_deadline) {
  bool cancelled = false;
  auto slow = [&]() -> task<int> {
    try {
      co_await sleep_for(l, 1h);
    } catch (const operation_cancelled&) {
      cancelled = true;
      throw;
    }
    co_return 1;
  };
  auto body = [&]() -> task<> {
    auto limited = with_timeout(slow(), 5ms);
    EXPECT_THROW(co_await limited, timed_out);
  };
  run(l, body());
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(reported(), "");
}

TEST_F(timeout_test, a_failing_task_throws_its_own_error) {
  auto failing = []() -> task<int> {
    throw std::runtime_error("its own");
    co_return 1;
  };
  auto body = [&]() -> task<int> { co_return co_await with_timeout(failing(), 5ms); };
  EXPECT_THROW(run(l, body()), std::runtime_error);
}

TEST_F(timeout_test, the_longest_time_out_is_none) {
  promise<int> p(l);
  auto f = spawn(l, with_timeout(p.get_future(), duration::max()));
  sleep_for(l, 1h).get();
  p.set_value(2);
  EXPECT_EQ(f.get(), 2);
}

TEST_F(timeout_test, values_and_deadlines_that_race_are_counted_once) {
  int values = 0;
  int expired = 0;
  for (int i = 0; i < 10'000; ++i) {
    promise<int> p(l);
    auto f = spawn(l, with_timeout(p.get_future(), 1ms));
    turns(1);
    const bool sent = i % 3 != 0;
    if (i % 2 == 0) cluster.advance(1ms);
    if (sent) p.set_value(i);
    try {
      f.get();
      ++values;
    } catch (const timed_out&) {
      EXPECT_FALSE(sent);
      ++expired;
    }
  }
  EXPECT_EQ(values, 6666);
  EXPECT_EQ(expired, 3334);
}

}  // namespace
