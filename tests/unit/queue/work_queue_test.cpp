// SPDX-License-Identifier: BSL-1.0
#include <weft/queue/work_queue.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/core/random.hpp>

#include "unit/queue/queue_fixture.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::cluster_of_contexts;

/// A queue on every rank of a cluster, and what became of its items.
template <class T>
struct farm : testing::cluster_of_queues<T> {
  explicit farm(int ranks, queue_options options = {}, testing::fake_options faults = {})
      : testing::cluster_of_queues<T>(ranks, options, std::move(faults)), taken(static_cast<std::size_t>(ranks)) {}
  std::vector<std::vector<T>> taken;  // by rank
};

task<> consume(farm<int>& f, int rank, duration work = {}) {
  for (;;) {
    auto next = co_await f.at(rank).get();
    if (!next) co_return;
    f.taken[static_cast<std::size_t>(rank)].push_back(**next);
    if (work > duration::zero()) co_await sleep_for(work);
  }
}

std::map<int, int> counts(const farm<int>& f) {
  std::map<int, int> seen;
  for (const auto& rank : f.taken) {
    for (int item : rank) ++seen[item];
  }
  return seen;
}

TEST(work_queue, one_rank_takes_what_it_puts) {
  farm<int> f(1);
  std::vector<future<void>> tasks;
  for (int i = 0; i < 100; ++i) f.at(0).put(i);
  f.at(0).close();
  tasks.push_back(f.cluster.at(0).spawn(consume(f, 0)));
  ASSERT_TRUE(f.finish(tasks));
  EXPECT_EQ(f.taken[0].size(), 100u);
  EXPECT_TRUE(f.at(0).drained());
}

TEST(work_queue, takes_in_the_order_asked_for) {
  for (const take_order order : {take_order::newest_first, take_order::oldest_first}) {
    farm<int> f(1, {.order = order});
    for (int i = 0; i < 3; ++i) f.at(0).put(i);
    std::vector<int> got;
    while (auto next = f.at(0).try_get()) got.push_back(**next);
    EXPECT_EQ(got, order == take_order::newest_first ? std::vector<int>({2, 1, 0}) : std::vector<int>({0, 1, 2}));
  }
}

TEST(work_queue, every_item_is_taken_once_and_every_rank_learns_the_end) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    random_source random(seed);
    const int ranks = 1 + static_cast<int>(random.below(9));
    testing::fake_options faults;
    faults.delay = testing::random_delay(seed, 5);
    farm<int> f(ranks, {}, std::move(faults));
    int items = 0;
    std::vector<future<void>> tasks;
    for (int r = 0; r < ranks; ++r) {
      const int mine = static_cast<int>(random.below(60));
      for (int i = 0; i < mine; ++i) f.at(r).put(items++);
      const int consumers = static_cast<int>(random.below(3)) + (r == 0 ? 1 : 0);
      const duration work = std::chrono::microseconds(random.below(50));
      for (int c = 0; c < consumers; ++c) tasks.push_back(f.cluster.at(r).spawn(consume(f, r, work)));
    }
    for (int r = 0; r < ranks; ++r) f.at(r).close();
    ASSERT_TRUE(f.finish(tasks)) << "seed " << seed;
    const auto seen = counts(f);
    ASSERT_EQ(seen.size(), static_cast<std::size_t>(items)) << "seed " << seed;
    for (const auto& [item, times] : seen) ASSERT_EQ(times, 1) << "seed " << seed << " item " << item;
    ASSERT_TRUE(f.cluster.drive([&] {
      for (auto& q : f.queues) {
        if (!q->drained()) return false;
      }
      return true;
    })) << "seed "
        << seed;
    EXPECT_EQ(f.total(&queue_stats::stolen), f.total(&queue_stats::given)) << "seed " << seed;
  }
}

TEST(work_queue, is_never_drained_while_an_item_is_held_anywhere) {
  farm<int> f(4);
  f.at(0).put(7);
  for (int r = 0; r < 4; ++r) f.at(r).close();
  auto held = f.at(0).try_get();
  ASSERT_TRUE(held);
  std::vector<future<void>> tasks;
  for (int r = 1; r < 4; ++r) tasks.push_back(f.cluster.at(r).spawn(consume(f, r)));
  f.cluster.turn(500);
  for (int r = 0; r < 4; ++r) EXPECT_FALSE(f.at(r).drained()) << r;
  f.at(0).put(8);  // legal: this rank holds an item
  held.reset();
  ASSERT_TRUE(f.finish(tasks));
  EXPECT_EQ(counts(f), (std::map<int, int>{{8, 1}}));
}

TEST(work_queue, idle_ranks_get_their_share) {
  constexpr int ranks = 4;
  farm<int> f(ranks);
  std::vector<future<void>> tasks;
  for (int r = 0; r < ranks; ++r) tasks.push_back(f.cluster.at(r).spawn(consume(f, r, 1ms)));
  f.cluster.turn(50);  // all of them wait already: only gifts reach them
  for (int i = 0; i < 400; ++i) f.at(2).put(i);
  for (int r = 0; r < ranks; ++r) f.at(r).close();
  ASSERT_TRUE(f.finish(tasks));
  for (int r = 0; r < ranks; ++r) EXPECT_GT(f.taken[static_cast<std::size_t>(r)].size(), 70u) << "rank " << r;
}

TEST(work_queue, a_rank_that_only_produces_keeps_nothing_back) {
  farm<int> f(3);
  std::vector<future<void>> tasks;
  for (int r = 1; r < 3; ++r) tasks.push_back(f.cluster.at(r).spawn(consume(f, r)));
  f.cluster.turn(50);
  for (int i = 0; i < 5; ++i) {
    f.at(0).put(i);  // one at a time, and nobody on rank 0 ever asks
    ASSERT_TRUE(f.cluster.drive([&] { return counts(f).size() == static_cast<std::size_t>(i) + 1; })) << i;
  }
  for (int r = 0; r < 3; ++r) f.at(r).close();
  ASSERT_TRUE(f.finish(tasks));
}

TEST(work_queue, an_idle_machine_is_silent) {
  farm<int> f(8);
  std::vector<future<void>> tasks;
  for (int r = 0; r < 8; ++r) tasks.push_back(f.cluster.at(r).spawn(consume(f, r)));
  f.cluster.turn(300);
  const std::uint64_t before = f.cluster.cluster.messages();
  f.cluster.turn(300);
  EXPECT_EQ(f.cluster.cluster.messages(), before);
  for (int r = 0; r < 8; ++r) f.at(r).close();
  EXPECT_TRUE(f.finish(tasks));
}

TEST(work_queue, close_ends_the_right_to_put) {
  farm<int> f(1);
  f.at(0).put(1);
  f.at(0).close();
  EXPECT_THROW(f.at(0).put(2), usage_error);
  EXPECT_THROW(f.at(0).close(), usage_error);
  auto held = f.at(0).try_get();
  EXPECT_NO_THROW(f.at(0).put(3));
  held->done();
  EXPECT_THROW(f.at(0).put(4), usage_error);
  (void)f.at(0).try_get();
}

TEST(work_queue, an_item_that_throws_counts_as_failed) {
  farm<int> f(1);
  f.at(0).put(1);
  f.at(0).put(2);
  f.at(0).close();
  auto body = [&]() -> task<> {
    auto next = co_await f.at(0).get();
    throw std::runtime_error("work");
  };
  EXPECT_THROW(f.cluster.at(0).run(body()), std::runtime_error);
  EXPECT_EQ(f.at(0).stats().failed, 1u);
  (void)f.at(0).try_get();
  EXPECT_EQ(f.at(0).stats().done, 1u);
  EXPECT_TRUE(f.cluster.drive([&] { return f.at(0).drained(); }));
}

TEST(work_queue, an_item_of_a_cancelled_task_goes_back) {
  farm<int> f(1);
  f.at(0).put(5);
  f.at(0).close();
  {
    scope s(f.cluster.at(0).loop());
    auto body = [&]() -> task<> {
      auto next = co_await f.at(0).get();
      co_await sleep_for(1h);
    };
    s.spawn(body());
    f.cluster.turn(10);
    EXPECT_EQ(f.at(0).held(), 1u);
  }
  EXPECT_EQ(f.at(0).held(), 0u);
  EXPECT_EQ(f.at(0).stats().returned, 1u);
  auto again = f.at(0).try_get();
  ASSERT_TRUE(again);
  EXPECT_EQ(**again, 5);
}

TEST(work_queue, a_dropped_get_loses_no_item) {
  farm<int> f(1);
  {
    auto waiting = f.at(0).get();
    f.at(0).put(1);
    EXPECT_TRUE(waiting.ready());
  }
  EXPECT_EQ(f.at(0).size(), 1u);
  {
    f.at(0).put(2);
    auto ready = f.at(0).get();
  }
  EXPECT_EQ(f.at(0).size(), 2u);
  while (f.at(0).try_get()) {
  }
}

TEST(work_queue, get_works_with_a_deadline) {
  farm<int> f(1);
  auto body = [&]() -> task<bool> {
    try {
      co_await with_timeout(f.at(0).get(), 5ms);
    } catch (const timed_out&) {
      co_return true;
    }
    co_return false;
  };
  auto late = f.cluster.at(0).spawn(body());
  ASSERT_TRUE(f.cluster.drive([&] { return late.ready(); }));
  EXPECT_TRUE(late.get());
  f.at(0).put(3);
  auto next = f.at(0).get();
  ASSERT_TRUE(next.ready());
  EXPECT_EQ(**next.get(), 3);
}

TEST(work_queue, work_that_makes_work_ends) {
  // A binary tree of depth 10 from one root: 2^11 - 1 items.
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    testing::fake_options faults;
    faults.delay = testing::random_delay(seed, 3);
    farm<int> f(5, {}, std::move(faults));
    auto grow = [&](int rank) -> task<> {
      for (;;) {
        auto depth = co_await f.at(rank).get();
        if (!depth) co_return;
        f.taken[static_cast<std::size_t>(rank)].push_back(**depth);
        if (**depth == 10) continue;
        f.at(rank).put(**depth + 1);
        f.at(rank).put(**depth + 1);
        f.at(rank).poll();
      }
    };
    f.at(3).put(0);
    for (int r = 0; r < 5; ++r) f.at(r).close();
    std::vector<future<void>> tasks;
    for (int r = 0; r < 5; ++r) tasks.push_back(f.cluster.at(r).spawn(grow(r)));
    ASSERT_TRUE(f.finish(tasks)) << "seed " << seed;
    const auto seen = counts(f);
    for (int depth = 0; depth <= 10; ++depth) ASSERT_EQ(seen.at(depth), 1 << depth) << "seed " << seed;
  }
}

TEST(work_queue, carries_values_that_own_memory) {
  farm<std::string> f(2);
  std::vector<std::string> got;
  auto take = [&]() -> task<> {
    for (;;) {
      auto next = co_await f.at(1).get();
      if (!next) co_return;
      got.push_back(std::move(**next));
    }
  };
  for (int i = 0; i < 300; ++i) f.at(0).put(std::string(static_cast<std::size_t>(i * 37 % 5000), 'x'));
  f.at(0).close();
  f.at(1).close();
  std::vector<future<void>> tasks;
  tasks.push_back(f.cluster.at(1).spawn(take()));
  ASSERT_TRUE(f.finish(tasks));
  EXPECT_EQ(got.size(), 300u);
}

TEST(work_queue, two_queues_live_side_by_side) {
  cluster_of_contexts cluster(3);
  std::vector<std::unique_ptr<work_queue<int>>> first, second;
  std::vector<future<void>> tasks;
  int taken = 0;
  auto take = [&](work_queue<int>& from) -> task<> {
    for (;;) {
      auto next = co_await from.get();
      if (!next) co_return;
      ++taken;
    }
  };
  for (int r = 0; r < 3; ++r) {
    first.push_back(std::make_unique<work_queue<int>>(cluster.at(r)));
    second.push_back(std::make_unique<work_queue<int>>(cluster.at(r)));
  }
  for (std::size_t r = 0; r < 3; ++r) {
    // Closed in different orders on different ranks.
    (r == 1 ? second : first)[r]->put(1);
    (r == 1 ? second : first)[r]->close();
    (r == 1 ? first : second)[r]->close();
    tasks.push_back(cluster.at(static_cast<int>(r)).spawn(take(*first[r])));
    tasks.push_back(cluster.at(static_cast<int>(r)).spawn(take(*second[r])));
  }
  ASSERT_TRUE(cluster.drive([&] {
    for (auto& t : tasks) {
      if (!t.ready()) return false;
    }
    return true;
  }));
  EXPECT_EQ(taken, 3);
}

}  // namespace
}  // namespace weft
