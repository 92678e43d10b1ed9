// SPDX-License-Identifier: BSL-1.0
#include <weft/async/loop.hpp>

#include <array>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using namespace std::chrono_literals;
using weft::testing::fake_cluster;

class loop_test : public weft::testing::loop_test {
 protected:
  /// A task that is ready in every turn, for ever.
  task<> spin(bool& stop) {
    while (!stop) co_await yield();
  }
};

const datatype& type_of_int = datatype_of<int>;

/// A receive of one integer, straight from the transport.
struct receive_operation final : value_operation<int> {
  explicit receive_operation(loop& on) : value_operation<int>(on, kind, source_location::current()) {
    completion now;
    number = on.transport().irecv({}, &buffer, 1, type_of_int, this, now);
  }
  static void received(operation& self, const completion& result) noexcept {
    auto& me = static_cast<receive_operation&>(self);
    me.number = op_number::completed;
    me.peer_ = result.source;
    me.emplace(me.buffer);
    me.succeed();
  }
  static withdrawal stop(operation& self) noexcept {
    auto& me = static_cast<receive_operation&>(self);
    completion now;
    if (me.on().transport().cancel_recv(me.number, now)) {
      me.cancelled();
      return withdrawal::withdrawn;
    }
    received(self, now);
    return withdrawal::too_late;
  }
  static constexpr operation::type kind{"irecv", received, stop, detail::destroy_operation<receive_operation>};
  int buffer = 0;
};

TEST_F(loop_test, a_task_that_yields_for_ever_starves_nothing) {
  bool stop = false;
  auto spinning = spawn(l, spin(stop));
  sleep_for(l, 0ms).get();  // timers
  signal_watch usr1(l, 10);
  cluster.host(0).raise(10);
  usr1.next().get();  // host
  std::atomic<bool> posted = false;
  l.post([&posted] { posted = true; });
  turns(1);
  EXPECT_TRUE(posted);  // inbox
  stop = true;
  spinning.get();
}

TEST_F(loop_test, a_flood_of_posts_does_not_starve_tasks) {
  constexpr int flood = 10'000;
  int ran = 0;
  for (int i = 0; i < flood; ++i) l.post([&ran] { ++ran; });
  bool done = false;
  auto body = [&done]() -> task<> {
    co_await yield();
    done = true;
  };
  auto f = spawn(l, body());
  turns(3);
  EXPECT_TRUE(done);
  EXPECT_LT(ran, flood);
  turns(flood / loop::run_budget + 1);
  EXPECT_EQ(ran, flood);
}

TEST_F(loop_test, a_function_may_post_itself_for_ever) {
  struct again {
    loop& on;
    int& count;
    void operator()() const {
      ++count;
      on.post(*this);
    }
  };
  int count = 0;
  l.post(again{l, count});
  sleep_for(l, 0ms).get();
  EXPECT_GT(count, 0);
}

TEST_F(loop_test, posts_run_in_order_on_the_loops_thread) {
  std::vector<int> order;
  for (int i = 0; i < 1000; ++i) l.post([&order, i] { order.push_back(i); });
  turns(5);
  ASSERT_EQ(order.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST_F(loop_test, four_threads_post) {
  constexpr int each = 5000;
  int count = 0;
  const auto home = std::this_thread::get_id();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, this] {
      for (int i = 0; i < each; ++i) {
        l.post([&count, home] {
          EXPECT_EQ(std::this_thread::get_id(), home);
          ++count;
        });
      }
    });
  }
  while (count < 4 * each) l.turn();
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(count, 4 * each);
}

TEST_F(loop_test, an_error_that_leaves_a_posted_function_is_reported_with_its_place) {
  l.post([] { throw std::runtime_error("out of a post"); });
  turns(1);
  EXPECT_EQ(reports("out of a post"), 1u);
  EXPECT_EQ(reports("loop_test.cpp:"), 1u);
}

TEST_F(loop_test, a_function_posted_just_before_the_sleep_is_not_slept_over) {
  turns(20);  // the first idle turns do not sleep, and announce none
  l.wake();
  const std::uint64_t before = cluster.idle_calls(0);
  turns(1);
  EXPECT_EQ(cluster.idle_calls(0), before);  // woken: it looks again instead
  turns(1);
  EXPECT_EQ(cluster.idle_calls(0), before + 1);
}

TEST_F(loop_test, what_is_posted_and_not_run_is_freed_with_the_loop) {
  auto held = std::make_shared<int>(1);
  {
    fake_cluster other(1);
    world there = other.world(0);
    loop second(there);
    second.post([held] { FAIL() << "it must not run"; });
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(loop, poll_completes_operations_and_runs_no_users_code) {
  fake_cluster cluster(2);
  world w0 = cluster.world(0);
  world w1 = cluster.world(1);
  loop l(w0);
  future<int> f(detail::make_operation<receive_operation>(l));
  bool resumed = false;
  auto body = [&]() -> task<> {
    co_await f;
    resumed = true;
  };
  auto waiting = spawn(l, body());
  l.turn();
  int value = 5;
  completion now;
  w1.transport->isend({world_comm, 0, 3}, &value, 1, type_of_int, send_mode::standard, nullptr, now);
  l.post([] { FAIL() << "poll must not run posted functions"; });
  for (int i = 0; i < 5; ++i) l.poll();
  EXPECT_TRUE(f.ready());
  EXPECT_FALSE(resumed);
}

TEST(loop, poll_from_inside_a_task_makes_progress) {
  fake_cluster cluster(2);
  world w0 = cluster.world(0);
  world w1 = cluster.world(1);
  loop l(w0);
  auto body = [&]() -> task<int> {
    future<int> f(detail::make_operation<receive_operation>(l));
    int value = 6;
    completion now;
    w1.transport->isend({world_comm, 0, 3}, &value, 1, type_of_int, send_mode::standard, nullptr, now);
    while (!f.ready()) l.poll();
    co_return co_await f;
  };
  EXPECT_EQ(run(l, body()), 6);
}

TEST(loop, a_receive_withdrawn_too_late_keeps_its_message) {
  fake_cluster cluster(2);
  world w0 = cluster.world(0);
  world w1 = cluster.world(1);
  loop l(w0);
  int received = 0;
  int sent = 0;
  for (int i = 0; i < 10'000; ++i) {
    auto f = spawn(l, with_timeout(future<int>(detail::make_operation<receive_operation>(l)), 1ms));
    l.turn();
    if (i % 2 == 0) cluster.advance(1ms);
    if (i % 3 != 0) {
      int value = 1;
      completion now;
      w1.transport->isend({world_comm, 0, 0}, &value, 1, type_of_int, send_mode::standard, nullptr, now);
      ++sent;
    }
    if (i % 5 == 0) cluster.advance(1ms);
    for (int turn = 0; turn < 5 && !f.ready(); ++turn) {
      l.turn();
      if (turn == 3) cluster.advance(1ms);
    }
    try {
      received += f.get();
    } catch (const timed_out&) {
    }
  }
  // What came after its receive was withdrawn waits for the next one.
  while (cluster.unreceived(0) > 0) received += future<int>(detail::make_operation<receive_operation>(l)).get();
  EXPECT_EQ(received, sent);
  EXPECT_EQ(cluster.open_operations(0), 0u);
}

TEST_F(loop_test, a_fatal_error_leaves_the_plain_code_that_turns) {
  l.fail(std::make_exception_ptr(std::runtime_error("the protocol broke")));
  l.fail(std::make_exception_ptr(std::logic_error("a later one")));
  auto f = sleep_for(l, 1h);
  EXPECT_THROW(f.get(), std::runtime_error);
}

TEST_F(loop_test, records_say_what_is_awaited_and_where) {
  auto nap = sleep_for(l, 1h);
  auto body = [&nap]() -> task<> { co_await nap; };
  auto waiting = spawn(l, body());
  turns(1);
  std::vector<wait_record> records;
  l.for_each_pending([&records](const wait_record& r) { records.push_back(r); });
  ASSERT_EQ(records.size(), 2u);
  EXPECT_STREQ(records[0].what, "sleep");
  EXPECT_TRUE(records[0].awaited);
  EXPECT_EQ(records[0].peer, any_source);
  EXPECT_NE(std::string(records[0].where.file).find("loop_test.cpp"), std::string::npos);
  EXPECT_STREQ(records[1].what, "task");
  EXPECT_FALSE(records[1].awaited);
  EXPECT_TRUE(waiting.cancel());
}

TEST_F(loop_test, names_the_running_loop) {
  EXPECT_EQ(loop::current(), nullptr);
  EXPECT_THROW(loop::current_or_throw("something", source_location::current()), usage_error);
  auto body = [this]() -> task<> {
    EXPECT_EQ(loop::current(), &l);
    EXPECT_TRUE(l.running());
    co_return;
  };
  run(l, body());
  EXPECT_FALSE(l.running());
}

TEST_F(loop_test, two_loops_in_one_thread) {
  fake_cluster other(1);
  world there = other.world(0);
  loop second(there);
  promise<int> p(second);
  auto here = [&]() -> task<int> { co_return co_await p.get_future() + 1; };
  auto f = spawn(l, here());
  turns(1);
  second.post([&p] { p.set_value(4); });
  second.turn();
  // The waiting coroutine is resumed by the loop of the operation that it awaits.
  second.turn();
  EXPECT_EQ(f.get(), 5);
}

}  // namespace
