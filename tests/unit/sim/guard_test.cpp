// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <string>

#include <weft/sim/world.hpp>
#include <weft/weft.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;

volatile int never_stops = 1;

TEST(sim_guard_death, names_a_rank_that_computes_without_a_call) {
  sim::world_options options;
  options.limits.silence = 200ms;
  const std::string line = std::to_string(__LINE__ + 2);
  const auto program = [](context& ctx) {
    ctx.world().barrier();
    while (ctx.rank() == 1 && never_stops != 0) {
    }
  };
  const auto run = [&] {
    sim::world cluster(options);
    cluster.run(program, 2);
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(5),
              "rank 1 has computed for 200 ms without a call of weft.*guard_test.cpp:" + line);
}

TEST(sim_guard_death, tells_a_call_that_left_no_operation_from_one_that_was_awaited) {
  sim::world_options options;
  options.limits.silence = 200ms;
  const std::string line = std::to_string(__LINE__ + 4);
  const auto program = [](context& ctx) {
    ctx.world().barrier();
    if (ctx.rank() != 1) return;
    ctx.world().send(0, 0, 5);
    while (never_stops != 0) {
    }
  };
  const auto run = [&] {
    sim::world cluster(options);
    cluster.run(program, 2);
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(5),
              "rank 1 has computed.*its last call: isend .*guard_test.cpp:" + line);
}

int deeper(int depth) {
  volatile char room[1024];
  room[0] = static_cast<char>(depth);
  return never_stops != 0 ? deeper(depth + 1) + room[0] : depth;
}

TEST(sim_guard_death, names_the_rank_whose_stack_overflows) {
  const auto run = [] {
    sim::world cluster;
    cluster.run(
        [](context& ctx) {
          ctx.world().barrier();
          if (ctx.rank() == 2) never_stops = deeper(0);
        },
        4);
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(1), "the stack of rank 2 .256 KiB. has overflowed");
}

}  // namespace
}  // namespace weft
