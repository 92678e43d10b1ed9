// SPDX-License-Identifier: BSL-1.0
#include <weft/async/when_any.hpp>

#include <stdexcept>
#include <vector>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using namespace std::chrono_literals;
using weft::testing::late;
using when_any_test = weft::testing::loop_test;

TEST_F(when_any_test, over_lvalues_leaves_the_losers_pending) {
  promise<int> a(l);
  promise<int> b(l);
  auto fa = a.get_future();
  auto fb = b.get_future();
  auto any = spawn(l, when_any(fa, fb));
  turns(1);
  b.set_value(2);
  EXPECT_EQ(any.get(), 1u);
  EXPECT_EQ(fb.get(), 2);
  EXPECT_TRUE(a.wanted());
  a.set_value(1);
  EXPECT_EQ(run(l, when_any(fa, fb)), 0u);
  EXPECT_EQ(fa.get(), 1);
}

TEST_F(when_any_test, takes_futures_that_are_ready_already) {
  promise<int> a(l);
  promise<int> b(l);
  b.set_value(2);
  auto r = run(l, when_any(a.get_future(), b.get_future()));
  EXPECT_EQ(r.index, 1u);
  EXPECT_FALSE(std::get<0>(r.values).has_value());
  EXPECT_EQ(std::get<1>(r.values), 2);
  EXPECT_FALSE(a.wanted());
}

TEST_F(when_any_test, keeps_a_value_that_a_loser_received_anyway) {
  promise<int> b(l);
  b.set_value(2);
  auto r = run(l, when_any(late(l, 7), b.get_future()));
  EXPECT_EQ(r.index, 1u);
  EXPECT_EQ(std::get<0>(r.values), 7);
  EXPECT_EQ(std::get<1>(r.values), 2);

  promise<int> c(l);
  std::vector<future<int>> several;
  several.push_back(late(l, 8));
  several.push_back(c.get_future());
  c.set_value(3);
  auto v = run(l, when_any(std::move(several)));
  EXPECT_EQ(v.index, 1u);
  EXPECT_EQ(v.values[0], 8);
}

TEST_F(when_any_test, keeps_a_value_that_was_there_at_the_cancellation) {
  auto f = spawn(l, when_any(late(l, 5), late(l, 6)));
  turns(1);
  EXPECT_FALSE(f.cancel());
  auto r = f.get();
  EXPECT_EQ(r.index, 0u);
  EXPECT_EQ(std::get<0>(r.values), 5);
  EXPECT_EQ(std::get<1>(r.values), 6);
}

TEST_F(when_any_test, a_cancelled_wait_over_lvalues_leaves_all_pending) {
  promise<int> a(l);
  auto fa = a.get_future();
  auto any = spawn(l, when_any(fa));
  turns(1);
  EXPECT_TRUE(any.cancel());
  EXPECT_TRUE(a.wanted());
  a.set_value(1);
  EXPECT_EQ(fa.get(), 1);
}

TEST_F(when_any_test, throws_the_winners_error) {
  promise<int> a(l);
  promise<int> b(l);
  auto f = spawn(l, when_any(a.get_future(), b.get_future()));
  turns(1);
  a.set_error(std::make_exception_ptr(std::runtime_error("the winner failed")));
  EXPECT_THROW(f.get(), std::runtime_error);
  EXPECT_FALSE(b.wanted());
  EXPECT_EQ(reported(), "");
}

TEST_F(when_any_test, cancels_the_tasks_that_lose) {
  int cancelled = 0;
  auto nap = [&](duration time) -> task<int> {
    try {
      co_await sleep_for(l, time);
    } catch (const operation_cancelled&) {
      ++cancelled;
      throw;
    }
    co_return 1;
  };
  auto body = [&]() -> task<std::size_t> {
    auto r = co_await when_any(nap(5ms), nap(1ms), nap(9ms));
    co_return r.index;
  };
  EXPECT_EQ(run(l, body()), 1u);
  EXPECT_EQ(cancelled, 2);
}

TEST_F(when_any_test, of_nothing_is_refused) {
  std::vector<future<int>> none;
  EXPECT_THROW(run(l, when_any(none)), usage_error);
}

TEST_F(when_any_test, races_are_counted_once) {
  int messages = 0;
  for (int i = 0; i < 10'000; ++i) {
    promise<int> a(l);
    promise<int> b(l);
    auto f = spawn(l, when_any(a.get_future(), b.get_future()));
    if (i % 2 == 0) turns(1);
    a.set_value(1);
    if (i % 3 == 0) turns(1);
    if (b.wanted()) {
      b.set_value(1);
      ++messages;
    }
    ++messages;
    auto r = f.get();
    messages -= std::get<0>(r.values).value_or(0) + std::get<1>(r.values).value_or(0);
  }
  EXPECT_EQ(messages, 0);
}

}  // namespace
