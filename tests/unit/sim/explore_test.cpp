// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/explore.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <weft/weft.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;

/// The orders in which rank 0 may get what `senders` ranks send it, `each` messages of every one.
std::multiset<std::vector<int>> orders_of(int senders, int each, sim::exploration& found) {
  std::multiset<std::vector<int>> orders;
  const auto program = [&](context& ctx) -> task<> {
    if (ctx.rank() != 0) {
      for (int i = 0; i < each; ++i) co_await ctx.world().isend(0, 0, ctx.rank() * 10 + i);
      co_return;
    }
    std::vector<int> got;
    for (int i = 0; i < senders * each; ++i) {
      const int value = co_await ctx.world().irecv<int>(any_source, 0);
      got.push_back(value);
    }
    orders.insert(got);
  };
  found = sim::explore(program, senders + 1);
  return orders;
}

TEST(sim_explore, three_senders_of_two_messages_give_90_orders) {
  sim::exploration found;
  const auto orders = orders_of(3, 2, found);
  EXPECT_TRUE(found) << found.report;
  EXPECT_EQ(found.runs, 90u);
  EXPECT_EQ(found.repetitions, 0u);
  EXPECT_EQ(std::set(orders.begin(), orders.end()).size(), 90u);
}

TEST(sim_explore, four_senders_of_one_message_give_24_orders) {
  sim::exploration found;
  const auto orders = orders_of(4, 1, found);
  EXPECT_TRUE(found) << found.report;
  EXPECT_EQ(found.runs, 24u);
  EXPECT_EQ(std::set(orders.begin(), orders.end()).size(), 24u);
}

/// Two pairs that have nothing to do with each other: one order is as good as another.
TEST(sim_explore, leaves_out_orders_that_come_to_the_same) {
  const auto program = [](context& ctx) -> task<> {
    for (int i = 0; i < 2; ++i) {
      if (ctx.rank() % 2 == 0) co_await ctx.world().isend(ctx.rank() + 1, 0, i);
      if (ctx.rank() % 2 == 1) co_await ctx.world().irecv<int>(ctx.rank() - 1, 0);
    }
  };
  sim::explore_options all;
  all.reduces = false;
  EXPECT_EQ(sim::explore(program, 4, all).runs, 6u);
  EXPECT_EQ(sim::explore(program, 4).runs, 1u);
}

/// A flag and a wait that do not belong together: what comes between the look and the wait is lost.
template <bool IsRight>
task<> wait_for_news(context& ctx) {
  int news = 0;
  async_event* sleeper = nullptr;
  const auto on_news = [&](int, int) {
    ++news;
    if (sleeper != nullptr) sleeper->set();
  };
  port<int> signals(ctx, on_news);
  if (ctx.rank() == 1) signals.post(0, 1);
  if (ctx.rank() == 2) co_await ctx.world().isend(0, 0, 1);
  if (ctx.rank() != 0) co_return;
  async_event woken(ctx);
  if (IsRight) sleeper = &woken;
  const bool has_news = news > 0;
  co_await ctx.world().irecv<int>(2, 0);
  sleeper = &woken;
  if (!has_news) co_await woken.wait();
  EXPECT_EQ(news, 1);
}

TEST(sim_explore, finds_a_lost_wake_up) {
  const sim::exploration wrong = sim::explore(wait_for_news<false>, 3);
  EXPECT_EQ(wrong.failures, 1u);
  EXPECT_FALSE(wrong.first_failure.empty());
  EXPECT_NE(wrong.report.find("from rank 1 to rank 0"), std::string::npos) << wrong.report;
  EXPECT_NE(wrong.report.find("explore_test.cpp:"), std::string::npos) << wrong.report;
  const sim::exploration right = sim::explore(wait_for_news<true>, 3);
  EXPECT_TRUE(right) << right.report;
  EXPECT_GT(right.runs, 1u);
}

TEST(sim_explore, fires_timers_in_every_order) {
  std::set<bool> was_late;
  const auto program = [&](context& ctx) -> task<> {
    if (ctx.rank() == 1) co_await ctx.world().isend(0, 0, 1);
    if (ctx.rank() != 0) co_return;
    bool is_late = false;
    try {
      auto coming = ctx.world().irecv<int>(1, 0);
      co_await with_timeout(std::move(coming), 1h);
    } catch (const timed_out&) {
      is_late = true;
    }
    was_late.insert(is_late);
    if (is_late) co_await ctx.world().irecv<int>(1, 0);
  };
  EXPECT_TRUE(sim::explore(program, 2));
  EXPECT_EQ(was_late, (std::set<bool>{false, true}));
}

/// An unguarded read and write of what two ranks share, with a call of weft between them.
TEST(sim_explore, stops_a_rank_in_the_midst_of_its_work_if_asked) {
  int shared = 0;
  const auto program = [&](context& ctx) {
    if (ctx.rank() == 0) shared = 0;
    ctx.world().barrier();
    const int before = shared;
    ctx.poll();
    shared = before + 1;
    ctx.world().barrier();
    if (shared != ctx.size()) throw error("an increment was lost");
  };
  sim::explore_options options;
  options.reduces = false;
  options.most_runs = 5000;
  EXPECT_EQ(sim::explore(program, 2, options).failures, 0u);
  options.preemptions = 1;
  EXPECT_EQ(sim::explore(program, 2, options).failures, 1u);
}

TEST(sim_explore, refuses_a_program_that_remembers_its_last_run) {
  int runs = 0;
  const auto program = [&](context& ctx) -> task<> {
    if (ctx.rank() == 0) ++runs;
    co_await ctx.world().ibarrier();
    if (ctx.rank() != 0) {
      for (int i = 0; i < 2 + runs % 2; ++i) co_await ctx.world().isend(0, runs % 2, 1);
      co_return;
    }
    for (int i = 0; i < 2 * (2 + runs % 2); ++i) co_await ctx.world().irecv<int>(any_source, any_tag);
  };
  EXPECT_THROW((void)sim::explore(program, 3), usage_error);
}

}  // namespace
}  // namespace weft
