// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/world.hpp>

#include <gtest/gtest.h>

#include <ctime>
#include <exception>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/weft.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;

sim::world_options with_seed(std::uint64_t seed) {
  sim::world_options options;
  options.seed = seed;
  return options;
}

task<> ring(context& ctx) {
  communicator& world = ctx.world();
  const int next = (world.rank() + 1) % world.size();
  const int previous = (world.rank() + world.size() - 1) % world.size();
  auto incoming = world.irecv<std::vector<int>>(previous, 0);
  co_await world.isend(next, 0, std::vector<int>(100, world.rank()));
  const std::vector<int> theirs = co_await std::move(incoming);
  if (theirs != std::vector<int>(100, previous)) throw std::runtime_error("wrong content");
}

TEST(sim_world, runs_a_program_on_any_number_of_ranks) {
  for (const int ranks : {1, 2, 7, 64, 300}) {
    sim::world cluster(with_seed(1));
    const sim::outcome end = cluster.run(ring, ranks);
    EXPECT_TRUE(end) << end.report;
    EXPECT_GT(end.virtual_time, 0ns);
  }
}

TEST(sim_world, takes_no_time_for_what_is_computed_unless_it_is_measured) {
  const auto program = [](context& ctx) {
    ctx.world().barrier();
    const std::clock_t start = std::clock();
    while (ctx.rank() == 1 && std::clock() - start < CLOCKS_PER_SEC / 200) {
    }
    ctx.world().barrier();
  };
  sim::world plain;
  EXPECT_LT(plain.run(program, 2).virtual_time, 1ms);
  sim::world_options options;
  options.measures_computation = true;
  sim::world measured(options);
  EXPECT_GE(measured.run(program, 2).virtual_time, 5ms);
  EXPECT_NE(measured.summary().find("not reproducible"), std::string::npos);
}

TEST(sim_world, gives_the_exit_code_of_the_program) {
  sim::world cluster;
  EXPECT_EQ(cluster.run([](context& ctx) { return ctx.rank() == 2 ? 3 : 0; }, 4).exit_code, 3);
  const sim::outcome thrown = cluster.run(
      [](context& ctx) {
        if (ctx.rank() == 1) throw usage_error("nothing to do");
        ctx.world().barrier();
      },
      4);
  EXPECT_TRUE(thrown.is_crashed);
  EXPECT_EQ(thrown.exit_code, 2);
  EXPECT_EQ(thrown.crashed_rank, 1);
  EXPECT_NE(cluster.error_output(1).find("rank 1: nothing to do"), std::string::npos) << cluster.error_output(1);
}

TEST(sim_world, a_seed_gives_the_same_run_and_another_seed_another) {
  std::set<std::uint64_t> hashes;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sim::world first(with_seed(seed));
    sim::world second(with_seed(seed));
    EXPECT_TRUE(first.run(ring, 16));
    EXPECT_TRUE(second.run(ring, 16));
    EXPECT_EQ(first.hash(), second.hash());
    hashes.insert(first.hash());
  }
  EXPECT_EQ(hashes.size(), 20u);
}

TEST(sim_world, time_passes_only_in_the_clock) {
  sim::world cluster;
  duration slept{};
  const sim::outcome end = cluster.run(
      [&](context& ctx) -> task<> {
        const time_point start = ctx.loop().now();
        co_await sleep_for(24h - 1min);
        slept = ctx.loop().now() - start;
      },
      1);
  EXPECT_TRUE(end) << end.report;
  EXPECT_GE(slept, 24h - 1min);
  EXPECT_LT(slept, 24h - 1min + 1ms);
}

TEST(sim_world, receives_that_nobody_serves_are_a_standstill_with_their_lines) {
  sim::world cluster;
  const int line = __LINE__ + 1;
  const auto program = [](context& ctx) { ctx.world().recv<int>((ctx.rank() + 1) % ctx.size(), 5); };
  const sim::outcome end = cluster.run(program, 3);
  EXPECT_EQ(end.exit_code, 5);
  EXPECT_EQ(end.stopped_by, sim::stop_reason::standstill);
  for (const char* rank : {"rank 0: ", "rank 1: ", "rank 2: "}) EXPECT_NE(end.report.find(rank), std::string::npos);
  EXPECT_NE(end.report.find("world_test.cpp:" + std::to_string(line)), std::string::npos) << end.report;
}

TEST(sim_world, long_sends_to_each_other_hang_as_in_life_and_short_ones_do_not) {
  const auto program = [](context& ctx, std::size_t bytes) {
    const int other = 1 - ctx.rank();
    ctx.world().send(other, 0, std::vector<char>(bytes));
    ctx.world().recv<std::vector<char>>(other, 0);
  };
  sim::world cluster;
  EXPECT_TRUE(cluster.run([&](context& ctx) { program(ctx, 100); }, 2));
  const sim::outcome end = cluster.run([&](context& ctx) { program(ctx, 100'000); }, 2);
  EXPECT_EQ(end.stopped_by, sim::stop_reason::standstill) << end.report;
}

TEST(sim_world, the_limit_on_virtual_time_ends_a_program_that_goes_on_for_ever) {
  sim::world_options options;
  options.limits.virtual_time = 1s;
  sim::world cluster(options);
  const sim::outcome end = cluster.run(
      [](context& ctx) {
        const int other = 1 - ctx.rank();
        for (;;) {
          ctx.world().send(other, 0, 1);
          ctx.world().recv<int>(other, 0);
        }
      },
      2);
  EXPECT_EQ(end.stopped_by, sim::stop_reason::time_limit);
  EXPECT_EQ(end.exit_code, 5);
}

/// Sends round a ring, from within a handler of an exception: each rank's exception must stay its own.
void ring_within_catch(context& ctx, int depth) {
  try {
    throw std::runtime_error("rank " + std::to_string(ctx.rank()) + ", depth " + std::to_string(depth));
  } catch (const std::runtime_error& mine) {
    ctx.world().send((ctx.rank() + 1) % ctx.size(), depth, depth);
    EXPECT_EQ(ctx.world().recv<int>(any_source, depth), depth);
    if (depth > 0) ring_within_catch(ctx, depth - 1);
    const std::string expected = "rank " + std::to_string(ctx.rank()) + ", depth " + std::to_string(depth);
    EXPECT_EQ(mine.what(), expected);
    try {
      throw;
    } catch (const std::runtime_error& again) {
      EXPECT_EQ(again.what(), expected);
    }
  }
}

TEST(sim_world, ranks_may_block_within_catch) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    sim::world cluster(with_seed(seed));
    EXPECT_TRUE(cluster.run([](context& ctx) { ring_within_catch(ctx, 4); }, 6));
  }
}

struct meets_on_exit {
  context& ctx;
  ~meets_on_exit() {
    EXPECT_EQ(std::uncaught_exceptions(), 1);
    EXPECT_EQ(ctx.world().allreduce(1, std::plus<>()), ctx.size());
    EXPECT_EQ(std::uncaught_exceptions(), 1);
  }
};

TEST(sim_world, ranks_may_block_in_destructors_while_an_exception_passes) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    sim::world cluster(with_seed(seed));
    const sim::outcome end = cluster.run(
        [](context& ctx) {
          try {
            const meets_on_exit guard{ctx};
            throw ctx.rank();
          } catch (int rank) {
            EXPECT_EQ(rank, ctx.rank());
          }
        },
        6);
    EXPECT_TRUE(end) << end.report;
  }
}

TEST(sim_world, a_killed_rank_ends_its_job_and_the_next_life_begins_anew) {
  sim::world_options options;
  options.faults.planned.push_back({sim::fault_kind::kill_rank, 2, 100us, 0, {}, 1});
  sim::world cluster(options);
  int ended = 0;
  const auto program = [&](context& ctx) -> task<> {
    co_await sleep_for(1ms);
    co_await ctx.world().ibarrier();
    ++ended;
  };
  const sim::outcome end = cluster.run(program, 4);
  EXPECT_TRUE(end.is_crashed);
  EXPECT_EQ(end.crashed_rank, 2);
  EXPECT_EQ(ended, 0);
}

TEST(sim_world, zombies_run_on_beside_the_next_life) {
  sim::world_options options;
  options.faults.planned.push_back({sim::fault_kind::kill_rank, 0, 100us, 0, {}, 1});
  options.faults.zombies = 1s;
  sim::world cluster(options);
  int life = 0;
  int ticks_of_first = 0;
  int at_start_of_second = -1;
  const auto program = [&](context& ctx) -> task<> {
    if (ctx.rank() == 0) ++life;
    const bool is_first = life == 1;
    if (!is_first && ctx.rank() == 0) at_start_of_second = ticks_of_first;
    for (int i = 0; i < 1000; ++i) {
      co_await sleep_for(10us);
      ticks_of_first += is_first ? 1 : 0;
    }
  };
  EXPECT_TRUE(cluster.run(program, 3).is_crashed);
  EXPECT_TRUE(cluster.run(program, 2).is_crashed);
  EXPECT_GT(at_start_of_second, 0);
  EXPECT_GT(ticks_of_first, at_start_of_second);
}

TEST(sim_world, a_paused_rank_is_late_and_the_others_wait_for_it) {
  sim::world_options options;
  options.faults.planned.push_back({sim::fault_kind::pause_rank, 1, 10us, 0, 5ms, 1});
  sim::world cluster(options);
  const sim::outcome end = cluster.run(
      [](context& ctx) {
        for (int i = 0; i < 100; ++i) ctx.world().barrier();
      },
      4);
  EXPECT_TRUE(end);
  EXPECT_GT(end.virtual_time, 5ms);
}

TEST(sim_world, a_message_costs_its_latency_and_its_bytes) {
  sim::world_options options;
  options.network.jitter = 0ns;
  options.network.ranks_per_node = 1;
  options.network.eager_bytes = 1 << 30;
  const auto time_of = [&](std::size_t bytes) {
    sim::world cluster(options);
    duration taken{};
    EXPECT_TRUE(cluster.run(
        [&](context& ctx) {
          std::vector<char> data(bytes);
          ctx.world().barrier();
          const time_point start = ctx.loop().now();
          for (int i = 0; i < 10; ++i) {
            if (ctx.rank() == 0) ctx.world().send(1, 0, data);
            ctx.world().recv(data, 1 - ctx.rank(), 0);
            if (ctx.rank() == 1) ctx.world().send(0, 0, data);
          }
          if (ctx.rank() == 0) taken = (ctx.loop().now() - start) / 20;
        },
        2));
    return taken;
  };
  const duration small = time_of(8);
  EXPECT_GE(small, options.network.latency + 2 * options.network.overhead);
  EXPECT_LT(small, options.network.latency + 2 * options.network.overhead + 1us);
  const duration more = time_of(1'000'008) - small;
  EXPECT_NEAR(static_cast<double>(more.count()), 80'000.0, 500.0);
}

TEST(sim_world, computing_passes_time) {
  sim::world cluster;
  duration taken{};
  EXPECT_TRUE(cluster.run(
      [&](context& ctx) {
        const time_point start = ctx.loop().now();
        ctx.transport().compute(3s);
        taken = ctx.loop().now() - start;
      },
      2));
  EXPECT_GE(taken, 3s);
  EXPECT_LT(taken, 3s + 1us);
}

TEST(sim_world, a_thousand_ranks_meet) {
  sim::world cluster;
  int met = 0;
  const sim::outcome end = cluster.run(
      [&](context& ctx) {
        EXPECT_EQ(ctx.world().allreduce(ctx.rank(), std::plus<>()), 1024 * 1023 / 2);
        ++met;
      },
      1024);
  EXPECT_TRUE(end) << end.report;
  EXPECT_EQ(met, 1024);
}

}  // namespace
}  // namespace weft
