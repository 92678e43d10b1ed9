// SPDX-License-Identifier: BSL-1.0
#include <weft/async/scope.hpp>

#include <stdexcept>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using namespace std::chrono_literals;
using scope_test = weft::testing::loop_test;

task<> sleep_then_count(loop& on, duration time, int& done) {
  co_await sleep_for(on, time);
  ++done;
}

task<> wait_to_be_cancelled(loop& on, int& cancelled) {
  try {
    co_await sleep_for(on, 1h);
  } catch (const operation_cancelled&) {
    ++cancelled;
    throw;
  }
}

task<> fail_after(loop& on, duration time) {
  co_await sleep_for(on, time);
  throw std::runtime_error("a child failed");
}

TEST_F(scope_test, join_waits_for_all) {
  int done = 0;
  scope s(l);
  for (int i = 0; i < 10; ++i) s.spawn(sleep_then_count(l, i * 1ms, done));
  s.join().get();
  EXPECT_EQ(done, 10);
  EXPECT_EQ(s.size(), 0u);
  s.join().get();  // nothing left
}

TEST_F(scope_test, the_destructor_cancels_and_ends_the_children) {
  int cancelled = 0;
  {
    scope s(l);
    for (int i = 0; i < 5; ++i) s.spawn(wait_to_be_cancelled(l, cancelled));
    turns(1);
    s.spawn(wait_to_be_cancelled(l, cancelled));  // not started
  }
  EXPECT_EQ(cancelled, 5);
  EXPECT_EQ(l.pending(), 0u);
  EXPECT_EQ(reported(), "");
}

TEST_F(scope_test, an_exception_that_leaves_the_scope_cancels_the_children) {
  int cancelled = 0;
  auto body = [&]() -> task<> {
    scope s(l);
    s.spawn(wait_to_be_cancelled(l, cancelled));
    co_await sleep_for(l, 1ms);
    throw std::runtime_error("leaves the scope");
  };
  EXPECT_THROW(run(l, body()), std::runtime_error);
  EXPECT_EQ(cancelled, 1);
}

TEST_F(scope_test, the_first_failure_cancels_the_siblings_and_is_thrown_by_join) {
  int cancelled = 0;
  scope s(l);
  s.spawn(wait_to_be_cancelled(l, cancelled));
  s.spawn(fail_after(l, 1ms));
  s.spawn(fail_after(l, 1ms));
  EXPECT_THROW(s.join().get(), std::runtime_error);
  EXPECT_EQ(cancelled, 1);
  EXPECT_EQ(reported(), "");
}

TEST_F(scope_test, a_failure_that_its_future_carries_is_not_the_scopes) {
  scope s(l);
  auto f = s.spawn(fail_after(l, 1ms));
  s.join().get();
  EXPECT_THROW(f.get(), std::runtime_error);
}

TEST_F(scope_test, a_failure_that_nobody_joins_is_reported) {
  {
    scope s(l);
    s.spawn(fail_after(l, 1ms));
    sleep_for(l, 2ms).get();
  }
  EXPECT_EQ(reports("a child failed"), 1u);
}

TEST_F(scope_test, a_failure_after_its_join_was_cancelled_is_reported) {
  {
    scope s(l);
    s.spawn(fail_after(l, 1ms));
    { auto dropped = s.join(); }
    sleep_for(l, 2ms).get();
  }
  EXPECT_EQ(reports("a child failed"), 1u);
}

TEST_F(scope_test, one_caller_joins_at_a_time) {
  int done = 0;
  scope s(l);
  s.spawn(sleep_then_count(l, 1ms, done));
  auto joined = s.join();
  EXPECT_THROW(s.join(), usage_error);
  joined.get();
}

TEST_F(scope_test, children_may_spawn_siblings_even_while_they_are_cancelled) {
  int cancelled = 0;
  {
    scope s(l);
    auto body = [&]() -> task<> {
      try {
        co_await sleep_for(l, 1h);
      } catch (const operation_cancelled&) {
        s.spawn(wait_to_be_cancelled(l, cancelled));
        throw;
      }
    };
    s.spawn(body());
    turns(1);
  }
  EXPECT_EQ(cancelled, 0);  // the late sibling never started
  EXPECT_EQ(l.pending(), 0u);
}

TEST_F(scope_test, a_child_may_cancel_its_scope) {
  int cancelled = 0;
  scope s(l);
  auto body = [&]() -> task<> {
    s.cancel();
    co_await sleep_for(l, 1h);
  };
  s.spawn(wait_to_be_cancelled(l, cancelled));
  s.spawn(body());
  s.join().get();
  EXPECT_EQ(cancelled, 1);
}

TEST_F(scope_test, cancelling_the_owner_ends_nested_scopes) {
  int cancelled = 0;
  auto inner = [&]() -> task<> {
    scope s(l);
    s.spawn(wait_to_be_cancelled(l, cancelled));
    co_await s.join();
  };
  auto outer = [&]() -> task<> {
    scope s(l);
    s.spawn(inner());
    s.spawn(inner());
    co_await s.join();
  };
  auto f = spawn(l, outer());
  turns(4);
  EXPECT_TRUE(f.cancel());
  EXPECT_EQ(cancelled, 2);
  EXPECT_EQ(l.pending(), 0u);
}

}  // namespace
