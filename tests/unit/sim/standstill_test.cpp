// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <weft/sim/world.hpp>
#include <weft/weft.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;

constexpr port_options heartbeat_port{"heartbeat", false, true};

/// Tells its right neighbour again and again that it lives.
task<> beat(context& ctx, port<int>& beats) {
  for (int count = 0;; ++count) {
    co_await sleep_for(100ms, timer_role::background);
    beats.post((ctx.rank() + 1) % ctx.size(), count);
  }
}

TEST(sim_standstill, is_found_behind_heartbeats_with_the_line_that_waits) {
  sim::world cluster;
  int heard = 0;
  const int line = __LINE__ + 7;
  const auto program = [&heard](context& ctx) -> task<> {
    const auto count_one = [&heard](int, int) { ++heard; };
    port<int> beats(ctx, count_one, heartbeat_port);
    scope background(ctx);
    (void)background.spawn(beat(ctx, beats));
    const int other = 1 - ctx.rank();
    co_await ctx.world().irecv<int>(other, 3);  // both wait for the other
    co_await ctx.world().isend(other, 3, 1);
  };
  const sim::outcome end = cluster.run(program, 2);
  EXPECT_EQ(end.stopped_by, sim::stop_reason::standstill);
  EXPECT_EQ(end.exit_code, 5);
  EXPECT_LT(end.virtual_time, 2s);
  EXPECT_GE(heard, 4);
  for (const std::string rank : {"rank 0: ", "rank 1: "}) {
    EXPECT_NE(end.report.find(rank), std::string::npos) << end.report;
  }
  EXPECT_NE(end.report.find("standstill_test.cpp:" + std::to_string(line)), std::string::npos) << end.report;
}

TEST(sim_standstill, is_an_endless_inquiry) {
  sim::world cluster;
  const auto program = [](context& ctx) -> task<> {
    async_event is_decided(ctx);
    port<int>* answers = nullptr;
    const auto on_question = [&](int source, int) { answers->post(source, 0); };
    const auto on_answer = [&](int, int outcome) {
      if (outcome != 0) is_decided.set();
    };
    port<int> questions(ctx, on_question, heartbeat_port);
    port<int> replies(ctx, on_answer, heartbeat_port);
    answers = &replies;
    if (ctx.rank() == 0) {  // asks for ever what nobody knows
      const auto inquire = [](port<int>& to) -> task<> {
        for (;;) {
          co_await sleep_for(50ms, timer_role::background);
          to.post(1, 1);
        }
      };
      scope background(ctx);
      (void)background.spawn(inquire(questions));
      co_await is_decided.wait();
    } else {
      co_await ctx.world().irecv<int>(0, 0);
    }
  };
  const sim::outcome end = cluster.run(program, 2);
  EXPECT_EQ(end.stopped_by, sim::stop_reason::standstill) << end.report;
  EXPECT_LT(end.virtual_time, 1s);
}

TEST(sim_standstill, is_not_a_long_sleep) {
  sim::world cluster;
  const auto program = [](context& ctx) -> task<> {
    const auto nothing = [](int, int) {};
    port<int> beats(ctx, nothing, heartbeat_port);
    scope background(ctx);
    (void)background.spawn(beat(ctx, beats));
    if (ctx.rank() == 0) {
      co_await sleep_for(1h);
      for (int r = 1; r < ctx.size(); ++r) co_await ctx.world().isend(r, 0, r);
    } else {
      const int got = co_await ctx.world().irecv<int>(0, 0);
      EXPECT_EQ(got, ctx.rank());
    }
    background.cancel();
  };
  const sim::outcome end = cluster.run(program, 3);
  EXPECT_TRUE(end) << end.report;
  EXPECT_GE(end.virtual_time, 1h);
}

TEST(sim_standstill, limits_give_the_same_report) {
  const auto sleeps = [](context&) -> task<> {
    for (;;) co_await sleep_for(1ms);
  };
  const auto floods = [](context& ctx) {
    if (ctx.rank() == 0) {
      for (;;) ctx.world().send(1, 0, std::vector<int>(500));
    }
    ctx.world().recv<int>(0, 1);
  };
  sim::world_options options;
  options.limits.virtual_time = 1s;
  sim::world in_time(options);
  EXPECT_EQ(in_time.run(sleeps, 2).stopped_by, sim::stop_reason::time_limit);
  options.limits.virtual_time = 24h;
  options.limits.events = 10'000;
  sim::world in_events(options);
  EXPECT_EQ(in_events.run(sleeps, 2).stopped_by, sim::stop_reason::event_limit);
  options.limits.events = 1'000'000'000;
  options.limits.message_bytes = 100'000'000;
  sim::world in_memory(options);
  const int line = __LINE__ - 13;
  const sim::outcome end = in_memory.run(floods, 2);
  EXPECT_EQ(end.stopped_by, sim::stop_reason::memory_limit);
  EXPECT_EQ(end.exit_code, 5);
  EXPECT_NE(end.report.find("standstill_test.cpp:" + std::to_string(line)), std::string::npos) << end.report;
}

}  // namespace
}  // namespace weft
