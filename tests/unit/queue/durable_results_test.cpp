// SPDX-License-Identifier: BSL-1.0
// Results of items of a durable queue: they come when the item is acknowledged for certain, and die with their job.
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <vector>

#include <weft/comm/reductions.hpp>

#include "unit/queue/durable_fixture.hpp"

namespace weft {
namespace {

using testing::durable_job;
using testing::empty_disk;

using square_queue = durable_queue<int, long>;
using square_job = durable_job<int, long>;

task<> answer_squares(square_queue& q) {
  while (auto next = co_await q.get()) {
    const long value = **next;
    next->done(value * value);
  }
}

/// Takes everything on all ranks until the queue is drained; returns the values.
std::multimap<int, unsigned> take_everything(square_job& job) {
  std::multimap<int, unsigned> attempts;
  const auto take = [&](square_queue& q) -> task<> {
    while (auto next = co_await q.get()) {
      attempts.emplace(**next, next->attempt());
      next->done(0);
    }
  };
  std::vector<future<void>> tasks;
  for (int r = 0; r < job.cluster.size(); ++r) {
    if (!job.at(r).closed()) job.at(r).close();
    tasks.push_back(job.on(r).spawn(take(job.at(r))));
  }
  EXPECT_TRUE(job.finish(tasks));
  return attempts;
}

class durable_results : public ::testing::TestWithParam<durability> {
 protected:
  durable_options how() const { return {.kept = GetParam(), .segment_bytes = 64 * 1024}; }
};

TEST_P(durable_results, come_back_to_the_producer_from_whoever_took_the_item) {
  square_job job(3, empty_disk(), how());
  job.open();
  long sum = 0;
  const auto produce = [&]() -> task<> {
    std::vector<future<long>> results;
    for (int i = 0; i < 100; ++i) results.push_back(job.at(0).submit(i));
    job.at(0).close();
    for (auto& r : results) sum += co_await r;
  };
  job.at(1).close();
  job.at(2).close();
  std::vector<future<void>> tasks;
  tasks.push_back(job.on(0).spawn(produce()));
  for (int r = 1; r < 3; ++r) tasks.push_back(job.on(r).spawn(answer_squares(job.at(r))));
  ASSERT_TRUE(job.finish(tasks));
  EXPECT_EQ(sum, 328350);
  EXPECT_GT(job.at(1).stats().done, 10u);
  EXPECT_GT(job.at(2).stats().done, 10u);
}

TEST_P(durable_results, a_result_that_was_seen_is_of_an_item_that_no_later_job_has) {
  for (const int consumer : {0, 1}) {
    square_job job(2, empty_disk(), how());
    job.open();
    auto result = job.at(0).submit(7, {.where = placement::rank, .rank = consumer});
    ASSERT_TRUE(job.cluster.drive([&] { return job.at(consumer).stats().put > 0 || job.at(1).stats().stolen > 0; }));
    auto held = job.at(consumer).get();
    ASSERT_TRUE(job.cluster.drive([&] { return held.ready(); }));
    auto item = held.get();
    item->done(49);
    const auto before = job.killed();
    EXPECT_FALSE(result.ready());  // nothing is written down yet
    ASSERT_TRUE(job.cluster.drive([&] { return result.ready(); }));
    EXPECT_EQ(result.get(), 49);

    square_job after(1, job.killed(), how());
    after.open();
    EXPECT_EQ(after.at(0).size(), 0u);
    square_job earlier(1, before, how());
    earlier.open();
    EXPECT_EQ(earlier.at(0).size(), 1u);
    take_everything(earlier);
    take_everything(job);
  }
}

TEST_P(durable_results, die_with_the_job_and_their_items_do_not) {
  square_job first(2, empty_disk(), how());
  first.open();
  auto result = first.at(0).submit(5);
  auto flushed = first.at(0).flush();
  ASSERT_TRUE(first.until(flushed));

  square_job second(3, first.killed(), how());
  second.open();
  EXPECT_EQ(take_everything(second), (std::multimap<int, unsigned>{{5, 2}}));  // answered to nobody
  take_everything(first);
}

TEST_P(durable_results, a_future_that_is_given_up_leaves_its_item_where_it_is) {
  square_job first(2, empty_disk(), how());
  first.open();
  { auto dropped = first.at(0).submit(1); }
  auto cancelled = first.at(0).submit(2);
  EXPECT_TRUE(cancelled.cancel());
  EXPECT_THROW(cancelled.get(), operation_cancelled);
  auto flushed = first.at(0).flush();
  ASSERT_TRUE(first.until(flushed));
  square_job second(1, first.killed(), how());
  second.open();
  EXPECT_EQ(take_everything(second).size(), 2u);
  EXPECT_EQ(take_everything(first).size(), 2u);
}

TEST_P(durable_results, an_item_that_fails_for_the_last_time_fails_its_producer_and_comes_again_in_the_next_job) {
  square_job first(1, empty_disk(), how(), {.retries = 1});
  first.open();
  auto result = first.at(0).submit(7);
  auto throws = [](int&) -> task<long> {
    throw std::runtime_error("not prime enough");
    co_return 0;
  };
  first.at(0).close();
  auto served = first.on(0).spawn(first.at(0).serve(throws));
  ASSERT_TRUE(first.until(served));
  ASSERT_TRUE(result.ready());
  EXPECT_THROW(result.get(), item_failed);
  ASSERT_EQ(first.at(0).take_dead_letters().size(), 1u);
  square_job second(1, first.killed(), how());
  second.open();
  EXPECT_EQ(take_everything(second), (std::multimap<int, unsigned>{{7, 2}}));
}

TEST_P(durable_results, end_when_the_queue_is_cancelled) {
  durable_options narrow = how();
  narrow.window = 2;
  square_job job(2, empty_disk(), narrow);
  job.open();
  std::vector<future<long>> results;
  for (int i = 0; i < 10; ++i) results.push_back(job.at(0).submit(i));
  auto flushed = job.at(0).flush();
  ASSERT_TRUE(job.until(flushed));
  job.at(1).cancel();
  ASSERT_TRUE(job.drain());
  auto late = job.at(0).submit(10);
  ASSERT_TRUE(job.cluster.drive([&] { return late.ready(); }));
  results.push_back(std::move(late));
  for (auto& each : results) EXPECT_THROW(each.get(), operation_cancelled);
  auto all = job.at(0).flush();
  ASSERT_TRUE(job.until(all));

  square_job next(1, job.killed(), how());
  next.open();
  const auto attempts = take_everything(next);
  EXPECT_EQ(attempts.size(), 11u);
  int tried = 0;
  for (const auto& [value, attempt] : attempts) tried += attempt > 1 ? 1 : 0;
  EXPECT_LE(tried, 2);  // the rest was never released
}

TEST_P(durable_results, of_no_type_tell_that_the_item_is_acknowledged) {
  durable_job<int> job(1, empty_disk(), how());
  job.open();
  auto result = job.at(0).submit(1);
  ASSERT_TRUE(job.cluster.drive([&] { return job.at(0).stats().put > 0; }));
  { auto some = job.at(0).try_get_n(8); }
  EXPECT_FALSE(result.ready());
  ASSERT_TRUE(job.until(result));
  EXPECT_NO_THROW(result.get());
  EXPECT_EQ(job.at(0).size(), 0u);
  job.at(0).close();
  ASSERT_TRUE(job.drain());
}

TEST_P(durable_results, are_reduced_over_all_ranks) {
  square_job job(2, empty_disk(), how());
  job.open();
  std::vector<int> some{1, 2, 3, 4};
  (void)job.at(0).put(some.begin(), some.end());
  std::vector<long> sums(2);
  const auto work = [&](int r) -> task<> {
    auto& q = job.at(r);
    q.close();
    long mine = 0;
    while (auto next = co_await q.get()) mine += **next;
    sums[static_cast<std::size_t>(r)] = co_await q.reduce(mine, sum);
  };
  std::vector<future<void>> tasks;
  for (int r = 0; r < 2; ++r) tasks.push_back(job.on(r).spawn(work(r)));
  ASSERT_TRUE(job.finish(tasks));
  EXPECT_EQ(sums, std::vector<long>(2, 10));
}

INSTANTIATE_TEST_SUITE_P(durabilities, durable_results, ::testing::Values(durability::synced, durability::written),
                         [](const auto& each) { return each.index == 0 ? "synced" : "written"; });

}  // namespace
}  // namespace weft
