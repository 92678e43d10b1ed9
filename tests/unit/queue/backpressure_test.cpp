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

task<> put_many(work_queue<int>& q, int count) {
  for (int i = 0; i < count; ++i) co_await q.put(i);
}
task<> consume(work_queue<int>& q, int& taken) {
  while (auto next = co_await q.get()) ++taken;
}
task<> produce_and_consume(work_queue<int>& q, int count, int& taken) {
  co_await put_many(q, count);
  q.close();
  co_await consume(q, taken);
}

TEST(backpressure, put_all_then_get_ends_on_one_rank_and_on_every_rank) {
  for (int ranks : {1, 4}) {
    cluster_of_queues<int> c(ranks, {.capacity = 10});
    int taken = 0;
    std::vector<future<void>> tasks;
    for (int r = 0; r < ranks; ++r) tasks.push_back(c.on(r).spawn(produce_and_consume(c.at(r), 1000, taken)));
    ASSERT_TRUE(c.finish(tasks)) << ranks;
    EXPECT_EQ(taken, 1000 * ranks);
  }
}

TEST(backpressure, a_faster_producer_keeps_to_the_capacity) {
  for (int consumer : {0, 1}) {
    cluster_of_queues<int> c(2, {.capacity = 100});
    const auto slowly = [&]() -> task<> {
      int taken = 0;
      while (auto next = co_await c.at(consumer).get()) {
        if (++taken % 16 == 0) co_await sleep_for(1us);
      }
    };
    const auto fast = [&]() -> task<> {
      co_await sleep_for(1ms);  // some rank asks by then
      co_await put_many(c.at(0), 20000);
      c.at(0).close();
    };
    c.at(1).close();
    std::vector<future<void>> tasks;
    tasks.push_back(c.on(consumer).spawn(slowly()));
    tasks.push_back(c.on(0).spawn(fast()));
    ASSERT_TRUE(c.finish(tasks)) << consumer;
    EXPECT_LE(c.at(0).stats().most_queued, 101u) << consumer;
    EXPECT_GT(c.at(0).stats().held_back, 0u) << consumer;
  }
}

TEST(backpressure, bytes_count_as_well) {
  cluster_of_queues<std::string> c(1, {.capacity_bytes = 10000});
  std::size_t taken = 0;
  const auto take = [&]() -> task<> {
    while (auto next = co_await c.at(0).get()) ++taken;
  };
  const auto fill = [&]() -> task<> {
    for (int i = 0; i < 200; ++i) {
      std::string text(1000, 'x');
      co_await c.at(0).put(std::move(text));
    }
    c.at(0).close();
  };
  std::vector<future<void>> tasks;
  tasks.push_back(c.on(0).spawn(take()));
  tasks.push_back(c.on(0).spawn(fill()));
  ASSERT_TRUE(c.finish(tasks));
  EXPECT_EQ(taken, 200u);
  EXPECT_LE(c.at(0).stats().most_bytes, 12000u);
  EXPECT_EQ(c.at(0).bytes(), 0u);
}

TEST(backpressure, consumers_that_produce_drain_a_small_queue_on_every_rank) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    testing::fake_options faults;
    faults.delay = testing::random_delay(seed, 3);
    cluster_of_queues<int> c(4, {.capacity = 4}, std::move(faults));
    int taken = 0;
    // Each item makes two of the next depth, and every put is awaited while the item is held.
    const auto grow = [&](int r) -> task<> {
      while (auto depth = co_await c.at(r).get()) {
        ++taken;
        if (**depth == 8) continue;
        co_await c.at(r).put(**depth + 1);
        co_await c.at(r).put(**depth + 1);
      }
    };
    for (int r = 0; r < 4; ++r) {
      for (int i = 0; i < 4; ++i) c.at(r).put(0);
    }
    c.close_all();
    std::vector<future<void>> tasks;
    for (int r = 0; r < 4; ++r) {
      for (int k = 0; k < 3; ++k) tasks.push_back(c.on(r).spawn(grow(r)));
    }
    ASSERT_TRUE(c.finish(tasks)) << "seed " << seed;
    EXPECT_EQ(taken, 16 * 511) << "seed " << seed;
    EXPECT_EQ(c.total(&queue_stats::held_back), 0u) << "seed " << seed;
  }
}

TEST(backpressure, an_item_held_by_another_task_exempts_nobody) {
  cluster_of_queues<int> c(1, {.capacity = 2});
  c.at(0).put(0);
  const auto hold = [&]() -> task<> {
    auto held = co_await c.at(0).get();
    co_await sleep_for(1s);
  };
  bool done = false;
  const auto produce = [&]() -> task<> {
    co_await sleep_for(1ms);
    co_await put_many(c.at(0), 4);
    done = true;
  };
  auto holder = c.on(0).spawn(hold());
  auto producer = c.on(0).spawn(produce());
  c.cluster.drive([&] { return c.on(0).loop().now() - time_point{} > 100ms && c.at(0).size() == 3; });
  EXPECT_FALSE(done);
  EXPECT_EQ(c.at(0).size(), 3u);
  while (c.at(0).try_get()) {
  }
  ASSERT_TRUE(c.cluster.drive([&] { return done; }));
  while (c.at(0).try_get()) {
  }
  c.close_all();
  EXPECT_TRUE(c.drain());
}

TEST(backpressure, tasks_that_a_holder_started_and_awaits_do_not_wait) {
  cluster_of_queues<int> c(1, {.capacity = 2});
  c.at(0).put(0);
  int taken = 0;
  const auto produce = [&]() -> task<> { co_await put_many(c.at(0), 20); };
  const auto body = [&]() -> task<> {
    auto helper = c.on(0).spawn(produce());  // starts before the item is taken, and waits then
    co_await sleep_for(1ms);
    auto held = co_await c.at(0).get();
    co_await helper;
    held->done();
    c.at(0).close();
    co_await consume(c.at(0), taken);
  };
  std::vector<future<void>> tasks;
  tasks.push_back(c.on(0).spawn(body()));
  ASSERT_TRUE(c.finish(tasks));
  EXPECT_EQ(taken, 20);
}

TEST(backpressure, plain_code_waits_too_and_is_one_task) {
  cluster_of_queues<int> c(1, {.capacity = 2});
  int taken = 0;
  auto consumer = c.on(0).spawn(consume(c.at(0), taken));
  c.cluster.turn(2);
  for (int i = 0; i < 10; ++i) c.at(0).put(i).get();
  EXPECT_GE(taken, 8);
  c.at(0).close();
  consumer.get();
  EXPECT_EQ(taken, 10);
}

TEST(backpressure, past_the_hard_limit_a_put_throws) {
  cluster_of_queues<int> c(1, {.capacity = 2, .hard_bytes = 40});
  for (int i = 0; i < 10; ++i) c.at(0).put(i);
  try {
    c.at(0).put(10);
    FAIL() << "nothing was thrown";
  } catch (const queue_full& e) {
    EXPECT_NE(std::string(e.what()).find("hard limit of 40"), std::string::npos) << e.what();
  }
  EXPECT_EQ(c.at(0).size(), 10u);
  while (c.at(0).try_get()) {
  }
}

TEST(backpressure, items_put_for_a_rank_that_is_full_wait_for_it) {
  cluster_of_queues<int> c(2, {.capacity = 50});
  int taken = 0;
  const auto slowly = [&]() -> task<> {
    while (auto next = co_await c.at(1).get()) {
      if (++taken % 64 == 0) co_await sleep_for(1us);
    }
  };
  const auto fast = [&]() -> task<> {
    co_await sleep_for(1ms);
    for (int i = 0; i < 20000; ++i) co_await c.at(0).put(i, {.where = placement::rank, .rank = 1});
    c.at(0).close();
  };
  c.at(1).close();
  std::vector<future<void>> tasks;
  tasks.push_back(c.on(1).spawn(slowly()));
  tasks.push_back(c.on(0).spawn(fast()));
  ASSERT_TRUE(c.finish(tasks));
  EXPECT_EQ(taken, 20000);
  EXPECT_LE(c.at(1).stats().most_queued, 50u + 2 * 1024u);
}

}  // namespace
}  // namespace weft
