// SPDX-License-Identifier: BSL-1.0
// The programs with which weft introduces itself, as they stand, in the simulator.
#include <gtest/gtest.h>

#include <vector>

#include <weft/sim/world.hpp>
#include <weft/txn/store.hpp>
#include <weft/weft.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;

task<> message_ring(context& ctx) {
  auto& world = ctx.world();
  int next = (world.rank() + 1) % world.size();
  auto incoming = world.irecv<std::vector<double>>();
  co_await world.isend(next, 0, std::vector<double>(1000, 1.0));
  std::vector<double> theirs = co_await with_timeout(std::move(incoming), 5s);
  if (theirs != std::vector<double>(1000, 1.0)) throw error("another vector came");
}

struct tile {
  int x = 0, y = 0;
};

TEST(sim_programs, send_round_a_ring) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sim::world_options options;
    options.seed = seed;
    options.faults.pauses = 2;
    sim::world cluster(options);
    const sim::outcome end = cluster.run(message_ring, 48);
    EXPECT_TRUE(end) << "seed " << seed << ": " << end.report << end.last_words;
  }
}

TEST(sim_programs, render_tiles_from_a_queue) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<int> rendered(64);
    const auto program = [&](context& ctx) -> task<> {
      work_queue<tile> tiles(ctx);
      if (ctx.rank() == 0) {
        for (int i = 0; i < 64; ++i) co_await tiles.put({i % 8, i / 8});
      }
      tiles.close();
      while (auto t = co_await tiles.get()) ++rendered[static_cast<std::size_t>((*t)->y * 8 + (*t)->x)];
    };
    sim::world_options options;
    options.seed = seed;
    options.faults.delays = 2;
    sim::world cluster(options);
    ASSERT_TRUE(cluster.run(program, 16)) << "seed " << seed;
    EXPECT_EQ(rendered, std::vector<int>(64, 1)) << "seed " << seed;
  }
}

TEST(sim_programs, move_money_in_transactions) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    long total = 0;
    const auto program = [&](context& ctx) -> task<> {
      store<int, long> accounts(ctx);
      for (int a = 0; a < 10; ++a) accounts.load(a, 1000);
      co_await ctx.world().ibarrier();
      const int from = ctx.rank() % 10, to = 9 - from;
      const long amount = 5 + ctx.rank();
      co_await accounts.transact([&](auto& tx) -> task<> {
        auto a = co_await tx.at(from), b = co_await tx.at(to);
        tx.put(from, a - amount);
        tx.put(to, b + amount);
      });
      co_await ctx.world().ibarrier();
      long mine = 0;
      co_await accounts.snapshot([&](int, long balance) { mine += balance; });
      const long all = co_await ctx.world().iallreduce(mine, sum);
      if (ctx.rank() == 0) total = all;
    };
    sim::world_options options;
    options.seed = seed;
    sim::world cluster(options);
    const sim::outcome end = cluster.run(program, 12);
    ASSERT_TRUE(end) << "seed " << seed << ": " << end.report << end.last_words;
    EXPECT_EQ(total, 10'000) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weft
