// SPDX-License-Identifier: BSL-1.0
#include <weft/async/future.hpp>

#include <coroutine>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using namespace std::chrono_literals;
using future_test = weft::testing::loop_test;

TEST_F(future_test, is_filled_by_its_promise) {
  promise<int> p(l);
  future<int> f = p.get_future();
  EXPECT_TRUE(f.valid());
  EXPECT_FALSE(f.ready());
  EXPECT_EQ(l.pending(), 1u);
  p.set_value(21);
  EXPECT_TRUE(f.ready());
  EXPECT_EQ(l.pending(), 0u);
  EXPECT_EQ(f.get(), 21);
}

TEST_F(future_test, carries_move_only_values_and_errors) {
  promise<std::unique_ptr<int>> p(l);
  auto f = p.get_future();
  p.set_value(std::make_unique<int>(7));
  EXPECT_EQ(*f.get(), 7);

  promise<void> q(l);
  auto g = q.get_future();
  q.set_error(std::make_exception_ptr(std::runtime_error("broken")));
  EXPECT_THROW(g.get(), std::runtime_error);
  EXPECT_EQ(reported(), "");  // it was seen
}

TEST_F(future_test, moving_it_leaves_the_operation_where_it_is) {
  promise<int> p(l);
  future<int> f = p.get_future();
  auto* state = f.state();
  future<int> g = std::move(f);
  EXPECT_FALSE(f.valid());  // NOLINT: that is the test
  EXPECT_EQ(g.state(), state);
  promise<int> other(l);
  g = other.get_future();  // the first is withdrawn
  EXPECT_FALSE(p.wanted());
  p.set_value(1);
  other.set_value(2);
  EXPECT_EQ(g.get(), 2);
}

TEST_F(future_test, a_promise_destroyed_first_cancels) {
  future<int> f;
  {
    promise<int> p(l);
    f = p.get_future();
  }
  EXPECT_TRUE(f.ready());
  EXPECT_THROW(f.get(), operation_cancelled);
  EXPECT_EQ(reported(), "");
}

TEST_F(future_test, may_be_dropped_in_every_state) {
  { promise<std::string> never_taken(l); }
  promise<std::string> pending(l);
  { auto f = pending.get_future(); }
  EXPECT_FALSE(pending.wanted());
  pending.set_value("nobody takes it");
  pending.set_error(std::make_exception_ptr(std::runtime_error("nobody sees it")));

  promise<std::string> ready(l);
  {
    auto f = ready.get_future();
    ready.set_value("not taken");
  }
  promise<std::string> cancelled(l);
  {
    auto f = cancelled.get_future();
    EXPECT_TRUE(f.cancel());
    EXPECT_FALSE(f.cancel());
    EXPECT_THROW(f.get(), operation_cancelled);
  }
  EXPECT_EQ(l.pending(), 0u);
  EXPECT_EQ(reported(), "");
}

TEST_F(future_test, an_error_that_nobody_sees_is_reported_once_with_its_place) {
  {
    promise<int> p(l);
    auto f = p.get_future();
    p.set_error(std::make_exception_ptr(std::runtime_error("lost otherwise")));
  }
  EXPECT_EQ(reports("lost otherwise"), 1u);
  EXPECT_EQ(reports("future_test.cpp:"), 1u);
  EXPECT_EQ(l.metrics().unseen_errors, 1u);
}

TEST_F(future_test, get_turns_the_loop) {
  promise<int> p(l);
  auto fill = [&p, this]() -> task<> {
    co_await sleep_for(l, 3ms);
    p.set_value(9);
  };
  auto filling = spawn(l, fill());
  EXPECT_EQ(p.get_future().get(), 9);
}

TEST_F(future_test, wait_for_keeps_the_future_and_turns_at_least_once) {
  promise<int> p(l);
  auto f = p.get_future();
  const time_point start = l.now();
  EXPECT_FALSE(f.wait_for(5ms));
  EXPECT_GE(l.now(), start + 5ms);
  EXPECT_TRUE(p.wanted());
  l.post([&p] { p.set_value(3); });
  EXPECT_TRUE(f.wait_for(0ms));
  EXPECT_EQ(f.get(), 3);
}

TEST_F(future_test, wait_for_the_longest_time_does_not_overflow) {
  auto f = sleep_for(l, 1h);
  EXPECT_TRUE(f.wait_for(duration::max()));
}

TEST_F(future_test, blocking_in_code_that_the_loop_runs_throws) {
  promise<int> p(l);
  auto f = p.get_future();
  auto inside = [&]() -> task<> {
    EXPECT_THROW(f.get(), would_deadlock);
    EXPECT_THROW(f.wait(), would_deadlock);
    EXPECT_THROW(f.wait_for(1ms), would_deadlock);
    EXPECT_THROW(l.turn(), would_deadlock);
    auto other = []() -> task<> { co_return; };
    EXPECT_THROW(run(l, other()), would_deadlock);
    co_return;
  };
  run(l, inside());
  bool posted = false;
  l.post([&] {
    EXPECT_THROW(f.wait(), would_deadlock);
    posted = true;
  });
  turns(1);
  EXPECT_TRUE(posted);
  bool called = false;
  auto g = sleep_for(l, 0ms).then([&] {
    EXPECT_THROW(f.wait(), would_deadlock);
    called = true;
  });
  g.get();
  EXPECT_TRUE(called);
}

TEST_F(future_test, would_deadlock_names_the_line_and_the_awaited_spelling) {
  promise<int> p(l);
  auto f = p.get_future();
  std::string text;
  l.post([&] {
    try {
      f.get();
    } catch (const would_deadlock& e) {
      text = e.what();
    }
  });
  turns(1);
  EXPECT_NE(text.find("future::get()"), std::string::npos) << text;
  EXPECT_NE(text.find("co_await"), std::string::npos) << text;
  EXPECT_NE(text.find("future_test.cpp:"), std::string::npos) << text;
}

TEST_F(future_test, then_passes_the_value_on) {
  promise<int> p(l);
  auto f = p.get_future().then([](int v) { return v * 2; }).then([](int v) { return std::to_string(v); });
  p.set_value(21);
  EXPECT_EQ(f.get(), "42");
}

TEST_F(future_test, then_is_run_by_the_loop_not_by_the_producer) {
  promise<void> p(l);
  bool called = false;
  auto f = p.get_future().then([&called] { called = true; });
  turns(1);
  p.set_value();
  EXPECT_FALSE(called);
  f.get();
  EXPECT_TRUE(called);
}

TEST_F(future_test, then_takes_a_named_object_with_captures) {
  const std::string name = "weft ";
  auto greet = [name](int v) { return name + std::to_string(v); };
  promise<int> p(l);
  auto f = p.get_future().then(greet);
  p.set_value(1);
  EXPECT_EQ(f.get(), "weft 1");
}

TEST_F(future_test, errors_skip_value_callbacks_and_reach_future_callbacks) {
  promise<int> p(l);
  bool called = false;
  auto f = p.get_future()
               .then([&called](int v) {
                 called = true;
                 return v;
               })
               .then([](future<int> done) {
                 EXPECT_TRUE(done.ready());
                 EXPECT_THROW(done.get(), std::runtime_error);
                 return -1;
               });
  p.set_error(std::make_exception_ptr(std::runtime_error("no value")));
  EXPECT_EQ(f.get(), -1);
  EXPECT_FALSE(called);
  EXPECT_EQ(reported(), "");
}

TEST_F(future_test, a_callback_may_throw) {
  promise<int> p(l);
  auto f = p.get_future().then([](int) -> int { throw std::runtime_error("from the callback"); });
  p.set_value(1);
  EXPECT_THROW(f.get(), std::runtime_error);
  promise<int> q(l);
  {
    auto dropped = q.get_future().then([](int) -> int { throw std::runtime_error("unheard"); });
  }
  q.set_value(1);
  turns(3);
  EXPECT_EQ(reports("unheard"), 1u);
}

TEST_F(future_test, dropping_the_future_of_then_keeps_the_callback) {
  promise<int> p(l);
  int got = 0;
  {
    auto dropped = p.get_future().then([&got](int v) { got = v; });
  }
  p.set_value(4);
  turns(3);
  EXPECT_EQ(got, 4);
}

TEST_F(future_test, awaits_lvalues_and_rvalues) {
  promise<int> p(l);
  promise<int> q(l);
  auto body = [&]() -> task<int> {
    auto f = p.get_future();
    const int first = co_await f;
    co_return first + co_await q.get_future();
  };
  auto sum = spawn(l, body());
  turns(2);
  p.set_value(1);
  turns(2);
  q.set_value(2);
  EXPECT_EQ(sum.get(), 3);
}

TEST_F(future_test, cancelling_an_awaited_future_wakes_its_coroutine) {
  promise<int> p(l);
  auto f = p.get_future();
  auto body = [&]() -> task<bool> {
    try {
      co_await f;
    } catch (const operation_cancelled&) {
      co_return true;
    }
    co_return false;
  };
  auto woken = spawn(l, body());
  turns(2);
  EXPECT_TRUE(f.cancel());
  EXPECT_TRUE(woken.get());
}

/// A coroutine type that knows nothing of weft.
struct foreign {
  struct promise_type {
    foreign get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() { throw; }
  };
  std::coroutine_handle<promise_type> coroutine;
};

TEST_F(future_test, foreign_coroutines_await_futures_and_tasks) {
  promise<int> p(l);
  int got = 0;
  auto child = [](future<int> f) -> task<int> { co_return co_await f; };
  auto body = [&]() -> foreign { got = co_await child(p.get_future()); };
  foreign f = body();
  p.set_value(5);
  turns(3);
  EXPECT_EQ(got, 5);
  ASSERT_TRUE(f.coroutine.done());
  f.coroutine.destroy();
}

TEST_F(future_test, a_foreign_coroutine_may_be_destroyed_while_it_waits) {
  promise<int> p(l);
  promise<int> q(l);
  auto body = [](future<int> f) -> foreign { co_await f; };
  foreign waiting = body(p.get_future());
  foreign scheduled = body(q.get_future());
  q.set_value(1);
  waiting.coroutine.destroy();
  scheduled.coroutine.destroy();
  EXPECT_FALSE(p.wanted());
  turns(3);
  EXPECT_EQ(l.pending(), 0u);
}

TEST_F(future_test, an_error_that_leaves_a_foreign_coroutine_is_reported) {
  promise<int> p(l);
  auto body = [](future<int> f) -> foreign {
    co_await f;
    throw std::runtime_error("out of a foreign coroutine");
  };
  foreign f = body(p.get_future());
  p.set_value(1);
  turns(2);
  EXPECT_EQ(reports("out of a foreign coroutine"), 1u);
  EXPECT_FALSE(l.running());
  f.coroutine.destroy();
}

TEST_F(future_test, a_future_may_be_destroyed_while_a_coroutine_awaits_it) {
  promise<int> p(l);
  auto f = p.get_future();
  auto body = [&f]() -> task<int> { co_return co_await f; };
  auto waiting = spawn(l, body());
  turns(2);
  f = future<int>();
  EXPECT_THROW(waiting.get(), operation_cancelled);

  promise<int> q(l);
  f = q.get_future();
  auto queued = spawn(l, body());
  turns(2);
  q.set_value(3);
  f = future<int>();
  EXPECT_EQ(queued.get(), 3);
}

using future_death_test = future_test;

TEST_F(future_death_test, destroying_a_member_of_a_group_that_a_coroutine_awaits_is_refused) {
  promise<int> p(l);
  std::vector<future<int>> futures;
  futures.push_back(p.get_future());
  auto waiting = spawn(l, when_all(futures));
  turns(2);
  EXPECT_DEATH(futures.clear(), "");
  p.set_value(1);
  waiting.get();
}

}  // namespace
