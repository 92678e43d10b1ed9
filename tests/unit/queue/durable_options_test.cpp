// SPDX-License-Identifier: BSL-1.0
// Items of a durable queue that are put for a rank, for a node, or for later: in this job and in the next ones.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <vector>

#include "unit/queue/durable_fixture.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::durable_job;
using testing::empty_disk;

struct taking {
  int rank = 0;
  unsigned attempt = 0;
  duration after{};  ///< since the taking began
};

/// Takes everything on all ranks until the queue is drained; says where, by value.
std::map<int, taking> take_everything(durable_job<int>& job) {
  std::map<int, taking> taken;
  const time_point start = job.on(0).loop().now();
  const auto take = [&](int r) -> task<> {
    while (auto next = co_await job.at(r).get()) {
      taken[**next] = {r, next->attempt(), job.on(r).loop().now() - start};
      co_await sleep_for(1ms);
    }
  };
  std::vector<future<void>> tasks;
  for (int r = job.cluster.size() - 1; r >= 0; --r) {
    if (!job.at(r).closed()) job.at(r).close();
    tasks.push_back(job.on(r).spawn(take(r)));
  }
  EXPECT_TRUE(job.finish(tasks));
  return taken;
}

void flush(durable_job<int>& job) {
  for (int r = 0; r < job.cluster.size(); ++r) {
    auto flushed = job.at(r).flush();
    ASSERT_TRUE(job.until(flushed));
  }
}

class durable_put_options : public ::testing::TestWithParam<durability> {
 protected:
  durable_options how() const { return {.kept = GetParam(), .segment_bytes = 64 * 1024}; }
  static testing::fake_options two_ranks_a_node() {
    testing::fake_options options;
    options.ranks_per_node = 2;
    return options;
  }
};

TEST_P(durable_put_options, an_item_for_a_rank_is_taken_by_no_other_in_any_job) {
  durable_job<int> first(4, empty_disk(), how());
  first.open();
  for (int i = 0; i < 40; ++i) (void)first.at(i % 3).put(i, {.where = placement::rank, .rank = i % 4});
  (void)first.at(3).put(43, {.where = placement::rank});  // for whoever puts it
  flush(first);
  const auto left = first.killed();
  for (const auto& [value, by] : take_everything(first)) EXPECT_EQ(by.rank, value % 4) << value;
  for (const int ranks : {1, 2, 3, 4, 6}) {
    durable_job<int> next(ranks, left, how());
    next.open();
    const auto taken = take_everything(next);
    EXPECT_EQ(taken.size(), 41u);
    for (const auto& [value, by] : taken) EXPECT_EQ(by.rank, value % 4 % ranks) << value << " of " << ranks;
  }
}

TEST_P(durable_put_options, a_rank_that_is_gone_gets_its_items_back_when_it_returns) {
  durable_job<int> first(3, empty_disk(), how());
  first.open();
  (void)first.at(0).put(1, {.where = placement::rank, .rank = 2});
  flush(first);
  durable_job<int> narrow(2, first.killed(), how());
  narrow.open();
  durable_job<int> wide(3, narrow.killed(), how());
  wide.open();
  EXPECT_EQ(take_everything(wide).at(1).rank, 2);
  take_everything(narrow);
  take_everything(first);
}

TEST_P(durable_put_options, an_item_for_a_node_stays_on_it_in_any_job) {
  durable_job<int> first(4, empty_disk(), how(), {}, two_ranks_a_node());
  first.open();
  for (int i = 0; i < 40; ++i) (void)first.at(0).put(i, {.where = placement::node, .rank = 2});
  flush(first);
  const auto left = first.killed();
  for (const int ranks : {2, 4, 6}) {
    durable_job<int> next(ranks, left, how(), {}, two_ranks_a_node());
    next.open();
    std::map<int, int> by_rank;
    for (const auto& [value, by] : take_everything(next)) ++by_rank[by.rank];
    const int first_of_node = ranks == 2 ? 0 : 2;
    EXPECT_EQ(by_rank[first_of_node] + by_rank[first_of_node + 1], 40) << ranks;
    EXPECT_GT(by_rank[first_of_node + 1], 5) << ranks;
  }
  take_everything(first);
}

TEST_P(durable_put_options, items_for_other_ranks_fill_the_window) {
  durable_options narrow = how();
  narrow.window = 8;
  durable_job<int> first(2, empty_disk(), narrow, {.capacity = 4});
  first.open();
  EXPECT_FALSE(first.at(1).try_get());  // rank 1 consumes: it lets in what it has room for
  for (int i = 0; i < 100; ++i) (void)first.at(0).put(i, {.rank = 1});
  flush(first);
  first.cluster.turn(50);
  EXPECT_LE(first.at(0).stats().put, 24u);
  EXPECT_GE(first.at(0).stats().put, 8u);
  EXPECT_EQ(take_everything(first).size(), 100u);
}

TEST_P(durable_put_options, a_delayed_item_counts_as_queued_and_comes_when_it_is_due) {
  durable_job<int> job(2, empty_disk(), how());
  job.open();
  (void)job.at(0).put(1, {.delay = 20ms});
  (void)job.at(0).put(2, {.where = placement::rank, .rank = 1, .delay = 10ms});
  (void)job.at(0).put(3, {.priority = 3, .delay = 30ms});
  flush(job);
  EXPECT_EQ(job.at(0).size(), 3u);
  EXPECT_FALSE(job.at(0).try_get());
  const auto taken = take_everything(job);
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_GE(taken.at(2).after, 9ms);
  EXPECT_EQ(taken.at(2).rank, 1);
  EXPECT_GE(taken.at(1).after, 19ms);
  EXPECT_GE(taken.at(3).after, 29ms);
  EXPECT_LT(taken.at(3).after, 35ms);
}

TEST_P(durable_put_options, a_delay_goes_on_between_jobs_and_is_no_attempt) {
  durable_job<int> first(1, empty_disk(), how());
  first.cluster.cluster.host(0).wall = wall_time(1000s);
  first.open();
  (void)first.at(0).put(1, {.delay = 60s});
  (void)first.at(0).put(2, {.delay = 10s});
  (void)first.at(0).put(3);
  flush(first);

  durable_job<int> second(2, first.killed(), how());
  for (int r = 0; r < 2; ++r) second.cluster.cluster.host(r).wall = wall_time(1030s);
  second.open();
  const auto taken = take_everything(second);
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_GE(taken.at(1).after, 30s - 1ms);
  EXPECT_LT(taken.at(1).after, 31s);
  EXPECT_EQ(taken.at(1).attempt, 1u);
  EXPECT_LT(taken.at(2).after, 1s);
  EXPECT_EQ(taken.at(2).attempt, 1u);  // nobody could have taken it
  EXPECT_EQ(taken.at(3).attempt, 2u);
  take_everything(first);
}

TEST_P(durable_put_options, the_longest_delay_is_for_ever) {
  durable_job<int> job(1, empty_disk(), how());
  job.cluster.cluster.host(0).wall = wall_time(1000s);
  job.open();
  (void)job.at(0).put(1, {.delay = duration::max()});
  flush(job);
  durable_job<int> next(1, job.killed(), how());
  next.open();
  EXPECT_FALSE(next.at(0).try_get());
  EXPECT_EQ(next.at(0).size(), 1u);
  next.at(0).cancel();
  EXPECT_TRUE(next.drain());  // without waiting for it
  EXPECT_EQ(next.at(0).size(), 1u);
}

TEST_P(durable_put_options, a_compacted_journal_keeps_what_an_item_was_put_for) {
  durable_options often = how();
  often.compact_bytes = 2048;
  durable_job<int> first(2, empty_disk(), often);
  first.open();
  (void)first.at(0).put(-1, {.where = placement::rank, .rank = 1, .delay = 1h});
  for (int i = 0; i < 200; ++i) {
    auto put = first.at(0).put(i);
    ASSERT_TRUE(first.cluster.drive([&] { return put.ready(); }));
    ASSERT_TRUE(first.at(0).try_get());
  }
  flush(first);
  EXPECT_LT(first.at(0).log()->bytes_since_snapshot(), 6000u);
  durable_job<int> second(2, first.killed(), how());
  second.open();
  const auto taken = take_everything(second);
  ASSERT_EQ(taken.count(-1), 1u);
  EXPECT_EQ(taken.at(-1).rank, 1);
  EXPECT_GE(taken.at(-1).after, 59min);
  first.at(0).cancel();
}

INSTANTIATE_TEST_SUITE_P(durabilities, durable_put_options, ::testing::Values(durability::synced, durability::written),
                         [](const auto& each) { return each.index == 0 ? "synced" : "written"; });

}  // namespace
}  // namespace weft
