// SPDX-License-Identifier: BSL-1.0
// No consumer of a work queue waits for long while an item is queued anywhere: without a busy machine's scheduling, which
// tests/mpi/queue/fairness_test.cpp measures as well.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include <weft/sim/world.hpp>
#include <weft/weft.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;

struct waits {
  int taken = 0;
  duration in_all{};  ///< between letting go of an item and having the next
};

task<> consume(context& ctx, work_queue<duration>& q, waits& mine) {
  for (;;) {
    const time_point asked = ctx.loop().now();
    auto next = co_await q.get();
    if (!next) co_return;
    mine.in_all += ctx.loop().now() - asked;
    ++mine.taken;
    co_await sleep_for(**next);
  }
}

/// All items lie on rank 0, one of them a hundred times as long as the others. Returns what the ranks waited.
std::vector<waits> run(int ranks, duration latency, std::uint64_t seed) {
  sim::world_options options;
  options.seed = seed;
  options.network.node_latency = options.network.jitter = latency;
  options.network.ranks_per_node = ranks;
  sim::world cluster(options);
  std::vector<waits> all(static_cast<std::size_t>(ranks));
  const auto program = [&](context& ctx) -> task<> {
    work_queue<duration> q(ctx);
    if (ctx.rank() == 0) {
      q.put(100ms);
      for (int i = 1; i < 1000 * ranks; ++i) q.put(1ms);
    }
    q.close();
    co_await ctx.world().ibarrier();
    co_await consume(ctx, q, all[static_cast<std::size_t>(ctx.rank())]);
  };
  EXPECT_TRUE(cluster.run(program, ranks));
  return all;
}

void expect_fair(int ranks, duration latency, duration most) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    for (const waits& mine : run(ranks, latency, seed)) {
      EXPECT_LE(mine.in_all, most) << ranks << " ranks, seed " << seed;
      EXPECT_LE(mine.taken, 1020);
      EXPECT_GE(mine.taken, 880);  // whoever has the long one takes a hundred fewer
    }
  }
}

// Slow messages, as between more ranks than processors.
TEST(sim_fairness, eight_consumers_hardly_wait) { expect_fair(8, 20us, 1200us); }
TEST(sim_fairness, nor_do_sixty_four_whose_items_all_come_from_one_rank) { expect_fair(64, 5us, 2ms); }

}  // namespace
}  // namespace weft
