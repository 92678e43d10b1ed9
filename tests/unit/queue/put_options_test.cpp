// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "unit/queue/queue_fixture.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::cluster_of_queues;

std::vector<int> take_all(work_queue<int>& q, type_set types = {}) {
  std::vector<int> got;
  while (auto next = q.try_get(types)) got.push_back(**next);
  return got;
}

task<> consume(work_queue<int>& q, std::vector<int>& taken, type_set types = {}) {
  while (auto next = co_await q.get(types)) taken.push_back(**next);
}

TEST(put_options, higher_priorities_are_taken_first) {
  for (const take_order order : {take_order::newest_first, take_order::oldest_first}) {
    cluster_of_queues<int> c(1, {.order = order});
    int value = 0;
    for (int round = 0; round < 2; ++round) {
      for (int priority : {0, 5, -3, lowest_priority, highest_priority}) c.at(0).put(value++, {.priority = priority});
    }
    const bool newest = order == take_order::newest_first;
    EXPECT_EQ(take_all(c.at(0)), newest ? std::vector<int>({9, 4, 6, 1, 5, 0, 7, 2, 8, 3})
                                        : std::vector<int>({4, 9, 1, 6, 0, 5, 2, 7, 3, 8}));
  }
}

TEST(put_options, what_is_out_of_range_is_refused) {
  cluster_of_queues<int> c(2);
  EXPECT_THROW(c.at(0).put(1, {.priority = highest_priority + 1}), usage_error);
  EXPECT_THROW(c.at(0).put(1, {.type = work_types}), usage_error);
  EXPECT_THROW(c.at(0).put(1, {.rank = 2}), usage_error);
  EXPECT_EQ(c.at(0).size(), 0u);
}

TEST(put_options, a_get_takes_only_the_types_that_it_asks_for) {
  cluster_of_queues<int> c(3);
  for (int i = 0; i < 30; ++i) c.at(0).put(i, {.type = static_cast<unsigned>(i % 3)});
  c.close_all();
  std::vector<std::vector<int>> taken(3);
  std::vector<future<void>> tasks;
  for (int r = 0; r < 3; ++r) {
    const type_set types = r == 2 ? type_set::only(2) : type_set::only(0) | type_set::only(1);
    tasks.push_back(c.on(r).spawn(consume(c.at(r), taken[static_cast<std::size_t>(r)], types)));
  }
  ASSERT_TRUE(c.finish(tasks));
  EXPECT_EQ(taken[2].size(), 10u);
  for (int i : taken[2]) EXPECT_EQ(i % 3, 2);
  EXPECT_EQ(taken[0].size() + taken[1].size(), 20u);
}

TEST(put_options, an_item_for_a_rank_is_taken_by_no_other) {
  cluster_of_queues<int> c(4);
  for (int i = 0; i < 40; ++i) c.at(0).put(i, {.where = placement::rank, .rank = i % 4});
  c.close_all();
  std::vector<std::vector<int>> taken(4);
  std::vector<future<void>> tasks;
  for (int r = 3; r >= 0; --r) tasks.push_back(c.on(r).spawn(consume(c.at(r), taken[static_cast<std::size_t>(r)])));
  ASSERT_TRUE(c.finish(tasks));
  for (int r = 0; r < 4; ++r) {
    EXPECT_EQ(taken[static_cast<std::size_t>(r)].size(), 10u);
    for (int i : taken[static_cast<std::size_t>(r)]) EXPECT_EQ(i % 4, r);
  }
}

TEST(put_options, an_item_for_a_node_stays_on_it) {
  testing::fake_options faults;
  faults.ranks_per_node = 2;
  cluster_of_queues<int> c(4, {}, std::move(faults));
  for (int i = 0; i < 40; ++i) c.at(0).put(i, {.where = placement::node, .rank = 2});
  c.close_all();
  std::vector<std::vector<int>> taken(4);
  std::vector<future<void>> tasks;
  const auto slowly = [&](int r) -> task<> {
    while (auto next = co_await c.at(r).get()) {
      taken[static_cast<std::size_t>(r)].push_back(**next);
      co_await sleep_for(1ms);
    }
  };
  for (int r = 0; r < 4; ++r) tasks.push_back(c.on(r).spawn(slowly(r)));
  ASSERT_TRUE(c.finish(tasks));
  EXPECT_EQ(taken[0].size() + taken[1].size(), 0u);
  EXPECT_EQ(taken[2].size() + taken[3].size(), 40u);
  EXPECT_GT(taken[3].size(), 10u);
}

TEST(put_options, a_delayed_item_counts_as_queued_and_comes_when_it_is_due) {
  cluster_of_queues<int> c(2);
  const time_point start = c.on(0).loop().now();
  c.at(0).put(1, {.delay = 20ms});
  c.at(0).put(2, {.rank = 1, .delay = 10ms});
  c.close_all();
  EXPECT_EQ(c.at(0).size(), 2u);
  EXPECT_FALSE(c.at(0).try_get());
  std::vector<std::pair<int, duration>> taken;
  const auto watch = [&](int r) -> task<> {
    while (auto next = co_await c.at(r).get()) taken.emplace_back(**next, c.on(r).loop().now() - start);
  };
  std::vector<future<void>> tasks;
  for (int r = 0; r < 2; ++r) tasks.push_back(c.on(r).spawn(watch(r)));
  ASSERT_TRUE(c.finish(tasks));
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0].first, 2);
  EXPECT_GE(taken[0].second, 10ms);
  EXPECT_LT(taken[0].second, 11ms);
  EXPECT_EQ(taken[1].first, 1);
  EXPECT_GE(taken[1].second, 20ms);
}

TEST(put_options, fifo_keeps_each_producers_order_and_steals_nothing) {
  testing::fake_options faults;
  faults.delay = testing::random_delay(7, 5);
  cluster_of_queues<int> c(3, {.fifo = true}, std::move(faults));
  for (int i = 0; i < 300; ++i) c.at(i % 3).put(i, {.rank = i % 2});
  c.close_all();
  std::vector<std::vector<int>> taken(3);
  std::vector<future<void>> tasks;
  for (int r = 0; r < 3; ++r) tasks.push_back(c.on(r).spawn(consume(c.at(r), taken[static_cast<std::size_t>(r)])));
  ASSERT_TRUE(c.finish(tasks));
  EXPECT_EQ(taken[0].size(), 150u);
  EXPECT_EQ(taken[1].size(), 150u);
  for (int r = 0; r < 2; ++r) {
    std::vector<int> last(3, -1);
    for (int i : taken[static_cast<std::size_t>(r)]) {
      EXPECT_GT(i, last[static_cast<std::size_t>(i % 3)]);
      last[static_cast<std::size_t>(i % 3)] = i;
    }
  }
  EXPECT_EQ(c.total(&queue_stats::requests), 0u);
}

TEST(put_options, the_surplus_leaves_before_a_long_item_starts) {
  cluster_of_queues<int> c(3);
  for (int i = 0; i < 20; ++i) c.at(0).put(i);
  c.at(0).put(99, {.priority = 1, .is_long = true});
  auto held = c.at(0).try_get();
  EXPECT_EQ(**held, 99);
  EXPECT_EQ(c.at(0).size(), 0u);
  c.cluster.turn(5);
  EXPECT_EQ(c.at(1).size() + c.at(2).size(), 20u);
  EXPECT_EQ(c.at(1).size(), 10u);
  held->done();
  for (int r = 1; r < 3; ++r) EXPECT_EQ(take_all(c.at(r)).size(), 10u);
  c.close_all();
  EXPECT_TRUE(c.drain());
}

}  // namespace
}  // namespace weft
