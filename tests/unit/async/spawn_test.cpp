// SPDX-License-Identifier: BSL-1.0
#include <weft/async/spawn.hpp>

#include <stdexcept>
#include <vector>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using namespace std::chrono_literals;
using spawn_test = weft::testing::loop_test;

TEST_F(spawn_test, starts_in_the_next_run_phase) {
  bool ran = false;
  auto body = [&ran]() -> task<int> {
    ran = true;
    co_return 3;
  };
  auto f = spawn(l, body());
  EXPECT_FALSE(ran);
  EXPECT_EQ(f.get(), 3);
}

TEST_F(spawn_test, dropping_the_future_detaches) {
  bool ran = false;
  auto body = [&ran, this]() -> task<> {
    co_await sleep_for(l, 1ms);
    ran = true;
  };
  { auto dropped = spawn(l, body()); }
  sleep_for(l, 2ms).get();
  EXPECT_TRUE(ran);
  EXPECT_EQ(l.pending(), 0u);
}

TEST_F(spawn_test, an_error_that_nobody_awaits_is_reported_once_with_its_place) {
  auto body = []() -> task<> {
    throw std::runtime_error("nobody looks");
    co_return;
  };
  { auto dropped = spawn(l, body()); }
  turns(2);
  EXPECT_EQ(reports("nobody looks"), 1u);
  EXPECT_EQ(reports("spawn_test.cpp:"), 1u);
  {
    auto kept = spawn(l, body());
    turns(2);
    EXPECT_EQ(reports("nobody looks"), 1u);
  }
  EXPECT_EQ(reports("nobody looks"), 2u);
}

struct counted {
  explicit counted(int& c) : count(c) { ++count; }
  ~counted() { --count; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  int& count;
};

TEST_F(spawn_test, cancel_before_the_first_step) {
  int alive = 0;
  auto body = [&alive]() -> task<> {
    counted c(alive);
    ADD_FAILURE() << "it must not start";
    co_return;
  };
  auto f = spawn(l, body());
  EXPECT_TRUE(f.cancel());
  EXPECT_TRUE(f.ready());
  turns(2);
  EXPECT_THROW(f.get(), operation_cancelled);
}

TEST_F(spawn_test, cancel_while_waiting_unwinds_within_the_call) {
  int alive = 0;
  promise<void> never_kept(l);
  auto inner = [&]() -> task<> {
    counted c(alive);
    co_await never_kept.get_future();
  };
  auto outer = [&]() -> task<> {
    counted c(alive);
    co_await inner();
  };
  auto f = spawn(l, outer());
  turns(3);  // g++ under a sanitizer takes a turn for each step down
  EXPECT_EQ(alive, 2);
  EXPECT_TRUE(f.cancel());
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(l.pending(), 0u);
  EXPECT_THROW(f.get(), operation_cancelled);
}

TEST_F(spawn_test, cancel_while_queued_delivers_the_value_and_throws_at_the_next_await) {
  promise<int> p(l);
  int got = 0;
  bool went_on = false;
  auto body = [&]() -> task<> {
    got = co_await p.get_future();
    co_await sleep_for(l, 1ms);
    went_on = true;
  };
  auto f = spawn(l, body());
  turns(1);
  p.set_value(8);  // queued, not resumed
  EXPECT_TRUE(f.cancel());
  EXPECT_EQ(got, 8);
  EXPECT_FALSE(went_on);
  EXPECT_TRUE(f.ready());
}

TEST_F(spawn_test, cancel_while_yielding) {
  int rounds = 0;
  auto body = [&rounds]() -> task<> {
    for (;;) {
      ++rounds;
      co_await yield();
    }
  };
  auto f = spawn(l, body());
  turns(3);
  EXPECT_TRUE(f.cancel());
  const int then = rounds;
  turns(3);
  EXPECT_EQ(rounds, then);
  EXPECT_THROW(f.get(), operation_cancelled);
}

TEST_F(spawn_test, a_task_that_finishes_although_cancelled_has_its_value) {
  auto body = [this]() -> task<int> {
    try {
      co_await sleep_for(l, 1h);
    } catch (const operation_cancelled&) {
    }
    co_return 7;
  };
  auto f = spawn(l, body());
  turns(1);
  EXPECT_FALSE(f.cancel());
  EXPECT_EQ(f.get(), 7);
}

TEST_F(spawn_test, a_task_may_cancel_itself) {
  future<int> self;
  auto body = [&]() -> task<int> {
    EXPECT_FALSE(self.cancel());
    EXPECT_TRUE(l.cancelling());
    co_await sleep_for(l, 1h);
    co_return 1;
  };
  self = spawn(l, body());
  EXPECT_THROW(self.get(), operation_cancelled);
}

TEST_F(spawn_test, a_task_may_drop_its_own_future) {
  future<int> self;
  bool ended = false;
  auto body = [&]() -> task<int> {
    self = future<int>();
    ended = true;
    co_return 1;
  };
  self = spawn(l, body());
  turns(2);
  EXPECT_TRUE(ended);
  // The same for a task that its future alone keeps.
  ended = false;
  self = detail::launch(l, body(), nullptr, source_location::current());
  turns(2);
  EXPECT_TRUE(ended);
  EXPECT_EQ(l.pending(), 0u);
}

TEST_F(spawn_test, every_await_of_a_cancelled_task_throws) {
  int thrown = 0;
  auto body = [&]() -> task<> {
    for (int i = 0; i < 5; ++i) {
      try {
        co_await sleep_for(l, 1h);
      } catch (const operation_cancelled&) {
        ++thrown;
      }
    }
  };
  auto f = spawn(l, body());
  turns(1);
  f.cancel();
  EXPECT_EQ(thrown, 5);
  EXPECT_TRUE(f.ready());
}

TEST_F(spawn_test, cancelling_many_queued_tasks_is_quick) {
  std::vector<future<void>> all;
  auto body = []() -> task<> { co_return; };
  for (int i = 0; i < 50'000; ++i) all.push_back(spawn(l, body()));
  for (auto& f : all) EXPECT_TRUE(f.cancel());
  turns(300);
}

TEST(spawn, the_end_of_the_loop_cancels_what_it_owns) {
  weft::testing::fake_cluster cluster(1);
  world outside = cluster.world(0);
  int alive = 0;
  {
    loop l(outside);
    auto body = [&]() -> task<> {
      counted c(alive);
      co_await sleep_for(l, 1h);
    };
    { auto dropped = spawn(l, body()); }
    l.turn();
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(cluster.host(0).error_output, "");
}

}  // namespace
