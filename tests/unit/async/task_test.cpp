// SPDX-License-Identifier: BSL-1.0
#include <weft/async/task.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using namespace std::chrono_literals;
using task_test = weft::testing::loop_test;

task<int> next_number(int x) { co_return x + 1; }

task<int> count_to(int n) {
  int x = 0;
  while (x < n) x = co_await next_number(x);
  co_return x;
}

TEST_F(task_test, a_million_sequential_awaits_need_no_stack) { EXPECT_EQ(run(l, count_to(1'000'000)), 1'000'000); }

TEST_F(task_test, a_million_awaits_of_ready_futures_need_no_stack) {
  auto body = [this]() -> task<int> {
    int sum = 0;
    for (int i = 0; i < 1'000'000; ++i) {
      promise<int> p(l);
      p.set_value(1);
      sum += co_await p.get_future();
    }
    co_return sum;
  };
  EXPECT_EQ(run(l, body()), 1'000'000);
}

TEST_F(task_test, is_lazy_and_may_be_destroyed_unstarted) {
  bool ran = false;
  auto held = std::make_shared<int>(1);
  auto body = [&ran](std::shared_ptr<int>) -> task<> {
    ran = true;
    co_return;
  };
  {
    auto never_started = body(held);
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(ran);
}

TEST_F(task_test, yields_references) {
  int target = 1;
  auto body = [&target]() -> task<int&> { co_return target; };
  auto use = [&]() -> task<> {
    int& there = co_await body();
    there = 5;
  };
  run(l, use());
  EXPECT_EQ(target, 5);
}

TEST_F(task_test, yields_move_only_values) {
  auto body = []() -> task<std::unique_ptr<std::string>> { co_return std::make_unique<std::string>("only one"); };
  auto outer = [&]() -> task<std::unique_ptr<std::string>> { co_return co_await body(); };
  EXPECT_EQ(*run(l, outer()), "only one");
}

task<int> fail_below(int depth) {
  if (depth == 0) throw std::runtime_error("at the bottom");
  co_return co_await fail_below(depth - 1);
}

TEST_F(task_test, exceptions_pass_through_a_thousand_tasks) {
  EXPECT_THROW(run(l, fail_below(1000)), std::runtime_error);
}

TEST_F(task_test, exceptions_are_caught_where_a_task_awaits) {
  auto body = []() -> task<int> {
    int caught = 0;
    for (int i = 0; i < 100; ++i) {
      try {
        co_await fail_below(3);
      } catch (const std::runtime_error&) {
        ++caught;
      }
    }
    co_return caught;
  };
  EXPECT_EQ(run(l, body()), 100);
}

TEST_F(task_test, yield_lets_the_others_run) {
  std::string order;
  auto body = [&order](char name) -> task<> {
    for (int i = 0; i < 3; ++i) {
      order += name;
      co_await yield();
    }
  };
  auto a = spawn(l, body('a'));
  auto b = spawn(l, body('b'));
  a.get();
  b.get();
  EXPECT_EQ(order, "ababab");
}

TEST_F(task_test, yield_outside_the_loop_says_so) { EXPECT_THROW(yield(), usage_error); }

TEST_F(task_test, a_moved_from_task_is_not_valid) {
  auto a = next_number(1);
  auto b = std::move(a);
  EXPECT_FALSE(a.valid());  // NOLINT: that is the test
  EXPECT_EQ(run(l, std::move(b)), 2);
}

}  // namespace
