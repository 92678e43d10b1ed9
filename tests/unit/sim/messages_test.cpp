// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <numeric>
#include <vector>

#include <weft/sim/world.hpp>
#include <weft/weft.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;

sim::world_options stormy(std::uint64_t seed) {
  sim::world_options options;
  options.seed = seed;
  options.network.jitter = 5us;
  options.network.ranks_per_node = 4;
  options.faults.pauses = 2;
  options.faults.slow_ranks = 2;
  options.faults.delays = 2;
  options.faults.within = 200us;
  options.faults.longest = 300us;
  return options;
}

TEST(sim_messages, of_a_pair_stay_in_order_whatever_their_length) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    sim::world cluster(stormy(seed));
    const sim::outcome end = cluster.run(
        [](context& ctx) -> task<> {
          communicator& world = ctx.world();
          if (ctx.rank() != 0) {
            for (int i = 0; i < 20; ++i) {
              const std::size_t length = i % 3 == 0 ? 5000u : 1u;
              co_await world.isend(0, i % 2, std::vector<int>(length, ctx.rank() * 100 + i));
            }
            co_return;
          }
          std::map<int, int> next;
          for (int i = 0; i < 20 * (ctx.size() - 1); ++i) {
            const auto got = co_await world.irecv<std::vector<int>>(any_source, any_tag);
            const int sender = got.front() / 100;
            EXPECT_EQ(got.front() % 100, next[sender]++);
          }
        },
        8);
    EXPECT_TRUE(end) << "seed " << seed << ": " << end.report;
  }
}

TEST(sim_messages, withdrawn_receives_leave_their_message_to_the_next) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    sim::world cluster(stormy(seed));
    const sim::outcome end = cluster.run(
        [](context& ctx) -> task<> {
          communicator& world = ctx.world();
          if (ctx.rank() == 1) {
            co_await sleep_for(100us);
            co_await world.isend(0, 0, 42);
            co_return;
          }
          int tries = 0;
          for (;; ++tries) {
            auto waiting = world.irecv<int>(1, 0);
            bool is_late = false;
            int got = 0;
            try {
              got = co_await with_timeout(std::move(waiting), 7us);
            } catch (const timed_out&) {
              is_late = true;
            }
            if (is_late) continue;
            EXPECT_EQ(got, 42);
            break;
          }
          EXPECT_GT(tries, 0);
        },
        2);
    EXPECT_TRUE(end) << "seed " << seed << ": " << end.report;
  }
}

TEST(sim_messages, persistent_exchanges_repeat) {
  sim::world cluster(stormy(3));
  const sim::outcome end = cluster.run(
      [](context& ctx) -> task<> {
        communicator& world = ctx.world();
        std::array<int, 4> out{};
        std::array<int, 4> in{};
        persistent sending = send_init(world, (ctx.rank() + 1) % ctx.size(), 0, std::span<const int>(out));
        persistent receiving = recv_init(world, std::span<int>(in), (ctx.rank() + ctx.size() - 1) % ctx.size(), 0);
        for (int i = 0; i < 50; ++i) {
          out.fill(i);
          auto coming = receiving.start();
          co_await sending.start();
          co_await std::move(coming);
          EXPECT_EQ(in[3], i);
        }
      },
      5);
  EXPECT_TRUE(end) << end.report;
}

TEST(sim_messages, ports_deliver_everything_once_and_in_order) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sim::world cluster(stormy(seed));
    const sim::outcome end = cluster.run(
        [](context& ctx) -> task<> {
          std::vector<int> next(static_cast<std::size_t>(ctx.size()));
          const auto handler = [&next](int source, int value) {
            EXPECT_EQ(value, next[static_cast<std::size_t>(source)]++);
          };
          port<int> numbers(ctx, handler);
          for (int i = 0; i < 200; ++i) {
            for (int r = 0; r < ctx.size(); ++r) numbers.post(r, i);
            if (i % 50 == 0) co_await sleep_for(3us);
          }
          co_await ctx.quiescence();
          for (const int count : next) EXPECT_EQ(count, 200);
        },
        6);
    EXPECT_TRUE(end) << "seed " << seed << ": " << end.report;
  }
}

TEST(sim_messages, a_queue_loses_nothing_and_takes_nothing_twice) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::map<int, int> taken;
    sim::world cluster(stormy(seed));
    const sim::outcome end = cluster.run(
        [&taken](context& ctx) -> task<> {
          work_queue<int> items(ctx);
          if (ctx.rank() == 0) {
            for (int i = 0; i < 100; ++i) co_await items.put(i);
          }
          items.close();
          while (auto item = co_await items.get()) {
            ++taken[**item];
            if (**item < 1000) co_await items.put(**item + 1000);
            co_await sleep_for(2us);
          }
        },
        1 + static_cast<int>(seed) % 9);
    EXPECT_TRUE(end) << "seed " << seed << ": " << end.report;
    EXPECT_EQ(taken.size(), 200u);
    for (const auto& item : taken) EXPECT_EQ(item.second, 1);
  }
}

}  // namespace
}  // namespace weft
