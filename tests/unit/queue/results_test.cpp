// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "unit/queue/queue_fixture.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::cluster_of_queues;

task<> answer_squares(work_queue<int, long>& q) {
  while (auto next = co_await q.get()) {
    const long value = **next;
    next->done(value * value);
  }
}

TEST(results, come_back_to_the_producer_from_whoever_took_the_item) {
  cluster_of_queues<int, long> c(3);
  long sum = 0;
  const auto produce = [&]() -> task<> {
    std::vector<future<long>> results;
    for (int i = 0; i < 100; ++i) results.push_back(c.at(0).submit(i));
    c.at(0).close();
    for (auto& r : results) sum += co_await r;
  };
  c.at(1).close();
  c.at(2).close();
  std::vector<future<void>> tasks;
  tasks.push_back(c.on(0).spawn(produce()));
  for (int r = 1; r < 3; ++r) tasks.push_back(c.on(r).spawn(answer_squares(c.at(r))));
  ASSERT_TRUE(c.finish(tasks));
  EXPECT_EQ(sum, 328350);
  EXPECT_GT(c.at(1).stats().done, 10u);
  EXPECT_GT(c.at(2).stats().done, 10u);
}

TEST(results, an_exception_travels_after_the_last_retry_and_leaves_a_dead_letter) {
  cluster_of_queues<int, long> c(2, {.retries = 2});
  std::string text;
  const auto produce = [&]() -> task<> {
    auto result = c.at(0).submit(7);
    c.at(0).close();
    try {
      co_await result;
    } catch (const item_failed& e) {
      text = e.what();
    }
  };
  c.at(1).close();
  std::vector<unsigned> attempts;
  auto throws = [](int&) -> task<long> {
    throw std::runtime_error("seven is not prime enough");
    co_return 0;
  };
  std::vector<future<void>> tasks;
  tasks.push_back(c.on(1).spawn(c.at(1).serve(throws)));
  tasks.push_back(c.on(0).spawn(produce()));
  ASSERT_TRUE(c.finish(tasks));
  EXPECT_EQ(text.find("seven is not prime enough"), 0u) << text;
  EXPECT_EQ(c.total(&queue_stats::failed), 3u);
  const auto dead = c.at(1).take_dead_letters();
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].value, 7);
  EXPECT_EQ(dead[0].attempts, 3u);
  EXPECT_EQ(dead[0].error, "seven is not prime enough");
}

TEST(results, an_item_without_a_result_fails_its_producer) {
  cluster_of_queues<int, long> c(1);
  auto result = c.at(0).submit(1);
  c.at(0).try_get()->done();
  ASSERT_TRUE(result.ready());
  EXPECT_THROW(result.get(), item_failed);
}

TEST(results, a_queue_without_results_tells_that_the_item_is_done) {
  cluster_of_queues<int> c(1);
  auto first = c.at(0).submit(1);
  auto second = c.at(0).submit(2);
  {
    auto some = c.at(0).try_get_n(8);
    EXPECT_EQ(some.size(), 1u);  // not plain: it comes alone
    EXPECT_FALSE(second.ready());
  }
  EXPECT_TRUE(second.ready());
  EXPECT_NO_THROW(second.get());
  c.at(0).try_get()->done();
  EXPECT_NO_THROW(first.get());
}

TEST(results, a_dropped_future_takes_the_item_out_of_the_queue) {
  cluster_of_queues<int, long> c(2);
  { auto dropped = c.at(0).submit(1); }
  EXPECT_EQ(c.at(0).size(), 0u);
  {
    auto delayed = c.at(0).submit(1, {.delay = 1h});
    EXPECT_EQ(c.at(0).size(), 1u);
    EXPECT_TRUE(delayed.cancel());
    EXPECT_EQ(c.at(0).size(), 0u);
  }
  auto far = c.at(0).submit(2, {.rank = 1});
  c.cluster.turn(20);
  EXPECT_EQ(c.at(1).size(), 1u);
  EXPECT_FALSE(far.cancel());  // on its way to rank 1
  ASSERT_TRUE(c.cluster.drive([&] { return far.ready(); }));
  EXPECT_EQ(c.at(1).size(), 0u);
  EXPECT_THROW(far.get(), operation_cancelled);
  EXPECT_EQ(c.total(&queue_stats::cancelled), 3u);
  c.close_all();
  EXPECT_TRUE(c.drain());
}

TEST(results, cancelling_the_queue_drops_what_is_queued_anywhere_and_ends_every_get) {
  cluster_of_queues<int, long> c(3);
  std::vector<future<long>> results;
  for (int i = 0; i < 50; ++i) results.push_back(c.at(0).submit(i));
  for (int i = 0; i < 50; ++i) c.at(1).put(i);
  c.at(0).put(1, {.delay = 1h});
  auto held = c.at(1).try_get();
  std::vector<future<void>> tasks;
  tasks.push_back(c.on(2).spawn([](work_queue<int, long>& q) -> task<> {
    int taken = 0;
    while (auto next = co_await q.get()) {
      if (++taken == 5) q.cancel();
      next->done(1);
    }
  }(c.at(2))));
  ASSERT_TRUE(c.finish(tasks));
  ASSERT_TRUE(c.cluster.drive([&] {
    for (auto& r : results) {
      if (!r.ready()) return false;
    }
    return c.at(0).cancelled() && c.at(1).cancelled();
  }));
  for (int r = 0; r < 3; ++r) EXPECT_FALSE(c.at(r).drained());
  c.at(1).put(5);  // dropped, but legal
  EXPECT_EQ(c.at(1).size(), 0u);
  held->done(1);
  ASSERT_TRUE(c.drain());
  int cancelled = 0;
  for (auto& r : results) {
    try {
      r.get();
    } catch (const operation_cancelled&) {
      ++cancelled;
    }
  }
  EXPECT_GE(cancelled, 40);
}

TEST(results, a_batch_that_an_exception_leaves_knows_how_far_it_came) {
  cluster_of_queues<int> c(1, {.order = take_order::oldest_first});
  for (int i = 0; i < 10; ++i) c.at(0).put(i);
  try {
    auto some = c.at(0).try_get_n(8);
    for (int i : some) {
      if (i == 3) throw std::runtime_error("three");
    }
  } catch (const std::runtime_error&) {
  }
  const queue_stats stats = c.at(0).stats();
  EXPECT_EQ(stats.done, 3u);
  EXPECT_EQ(stats.failed, 1u);
  EXPECT_EQ(stats.returned, 4u);
  EXPECT_EQ(c.at(0).size(), 6u);
  ASSERT_EQ(c.at(0).take_dead_letters().size(), 1u);
  while (c.at(0).try_get()) {
  }
}

TEST(results, are_reduced_over_all_ranks) {
  cluster_of_queues<int, long> c(3);
  for (int i = 0; i < 30; ++i) c.at(0).put(i);
  c.close_all();
  std::vector<long> sums(3);
  const auto work = [&](int r) -> task<> {
    long mine = 0;
    while (auto next = co_await c.at(r).get()) mine += **next;
    sums[static_cast<std::size_t>(r)] = co_await c.at(r).reduce(mine, sum);
  };
  std::vector<future<void>> tasks;
  for (int r = 0; r < 3; ++r) tasks.push_back(c.on(r).spawn(work(r)));
  ASSERT_TRUE(c.finish(tasks));
  EXPECT_EQ(sums, std::vector<long>(3, 435));
}

}  // namespace
}  // namespace weft
