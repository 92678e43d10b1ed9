// SPDX-License-Identifier: BSL-1.0
#include <weft/async/when_all.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using namespace std::chrono_literals;
using weft::testing::late;
using when_all_test = weft::testing::loop_test;

TEST_F(when_all_test, yields_a_tuple_of_the_values) {
  promise<int> a(l);
  promise<std::string> b(l);
  auto f = spawn(l, when_all(a.get_future(), b.get_future(), sleep_for(l, 1ms)));
  turns(1);
  b.set_value("two");
  a.set_value(1);
  auto values = f.get();
  EXPECT_EQ(std::get<0>(values), 1);
  EXPECT_EQ(std::get<1>(values), "two");
}

TEST_F(when_all_test, takes_futures_that_are_ready_already) {
  promise<int> a(l);
  promise<int> b(l);
  a.set_value(1);
  b.set_value(2);
  EXPECT_EQ(run(l, when_all(a.get_future(), b.get_future())), std::make_tuple(1, 2));
  promise<int> c(l);
  promise<int> d(l);
  c.set_value(3);
  auto f = spawn(l, when_all(c.get_future(), d.get_future()));
  turns(1);
  d.set_value(4);
  EXPECT_EQ(f.get(), std::make_tuple(3, 4));
}

TEST_F(when_all_test, of_a_vector_lent_and_moved_in) {
  std::vector<promise<int>> promises;
  std::vector<future<int>> futures;
  for (int i = 0; i < 64; ++i) {
    promises.emplace_back(l);
    futures.push_back(promises.back().get_future());
  }
  auto all = spawn(l, when_all(futures));
  turns(1);
  for (int i = 63; i >= 0; --i) promises[static_cast<std::size_t>(i)].set_value(i);
  all.get();
  auto values = run(l, when_all(std::move(futures)));
  ASSERT_EQ(values.size(), 64u);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(run(l, when_all(std::vector<future<int>>())).empty());
  run(l, when_all(std::vector<future<void>>()));
}

TEST_F(when_all_test, throws_the_first_error_after_all_are_done_and_reports_the_others) {
  {
    promise<int> a(l);
    promise<int> b(l);
    promise<int> c(l);
    auto f = spawn(l, when_all(a.get_future(), b.get_future(), c.get_future()));
    turns(1);
    c.set_error(std::make_exception_ptr(std::runtime_error("the second error")));
    b.set_error(std::make_exception_ptr(std::logic_error("the first error")));
    turns(1);
    EXPECT_FALSE(f.ready());
    a.set_value(1);
    EXPECT_THROW(f.get(), std::logic_error);
  }
  EXPECT_EQ(reports("the first error"), 0u);
  EXPECT_EQ(reports("the second error"), 1u);
}

TEST_F(when_all_test, runs_tasks_side_by_side) {
  auto nap = [this](int v) -> task<int> {
    co_await sleep_for(l, 10ms);
    co_return v;
  };
  const time_point start = l.now();
  auto body = [&]() -> task<int> {
    auto [a, b, c] = co_await when_all(nap(1), nap(2), nap(3));
    co_return a + b + c;
  };
  EXPECT_EQ(run(l, body()), 6);
  EXPECT_EQ(l.now(), start + 10ms);
}

TEST_F(when_all_test, cancelled_it_withdraws_what_it_owns_and_leaves_what_it_borrows) {
  promise<int> a(l);
  promise<int> b(l);
  auto f = spawn(l, when_all(a.get_future(), b.get_future()));
  turns(1);
  a.set_value(1);
  EXPECT_TRUE(f.cancel());
  EXPECT_FALSE(b.wanted());

  promise<int> c(l);
  std::vector<future<int>> lent;
  lent.push_back(c.get_future());
  auto g = spawn(l, when_all(lent));
  turns(1);
  EXPECT_TRUE(g.cancel());
  EXPECT_TRUE(c.wanted());
  c.set_value(3);
  EXPECT_EQ(lent[0].get(), 3);
}

TEST_F(when_all_test, values_that_were_there_at_the_cancellation_are_not_lost) {
  auto f = spawn(l, when_all(late(l, 1), late(l, 2)));
  turns(1);
  EXPECT_FALSE(f.cancel());
  EXPECT_EQ(f.get(), std::make_tuple(1, 2));
}

TEST_F(when_all_test, dropped_unstarted_it_withdraws) {
  promise<int> a(l);
  { auto never_awaited = when_all(a.get_future()); }
  EXPECT_FALSE(a.wanted());
}

TEST_F(when_all_test, members_may_complete_in_the_poll_in_which_the_waiter_is_cancelled) {
  promise<int> a(l);
  promise<int> b(l);
  auto f = spawn(l, when_all(a.get_future(), b.get_future()));
  turns(1);
  a.set_value(1);
  b.set_value(2);  // the waiter is queued now
  EXPECT_FALSE(f.cancel());
  EXPECT_EQ(f.get(), std::make_tuple(1, 2));
}

}  // namespace
