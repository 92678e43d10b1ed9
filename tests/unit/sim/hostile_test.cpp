// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <weft/sim/world.hpp>
#include <weft/weft.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;

sim::world_options hostile(std::uint64_t seed) {
  sim::world_options options;
  options.seed = seed;
  options.faults.losses_in_thousand = 100;
  options.faults.repeats_in_thousand = 100;
  options.faults.postponements_in_thousand = 100;
  return options;
}

/// What rank 1 gets of 1000 numbers from rank 0.
std::vector<int> numbers_got(const sim::world_options& options, bool tolerates_loss) {
  std::vector<int> got;
  sim::world cluster(options);
  const auto program = [&](context& ctx) -> task<> {
    const auto note = [&got](int, int value) { got.push_back(value); };
    port<int> numbers(ctx, note, {"numbers", false, tolerates_loss});
    if (ctx.rank() == 0) {
      for (int i = 0; i < 1000; ++i) numbers.post(1, i);
    }
    co_await ctx.quiescence();
  };
  const sim::outcome end = cluster.run(program, 2);
  EXPECT_TRUE(end) << end.report;
  return got;
}

TEST(sim_hostile, world_loses_repeats_and_reorders_what_tolerates_it) {
  const std::vector<int> got = numbers_got(hostile(1), true);
  std::vector<int> times(1000);
  for (const int value : got) ++times[static_cast<std::size_t>(value)];
  const auto count = [&](int n) { return std::count(times.begin(), times.end(), n); };
  EXPECT_GT(count(0), 50);
  EXPECT_LT(count(0), 200);
  EXPECT_GT(count(2), 50);
  EXPECT_EQ(count(0) + count(1) + count(2), 1000);
  int steps_back = 0;
  for (std::size_t i = 1; i < got.size(); ++i) steps_back += got[i] < got[i - 1] ? 1 : 0;
  EXPECT_GT(steps_back, 50);
  EXPECT_EQ(numbers_got(hostile(1), true), got);
  EXPECT_NE(numbers_got(hostile(2), true), got);
}

TEST(sim_hostile, world_leaves_other_ports_alone) {
  std::vector<int> all(1000);
  for (int i = 0; i < 1000; ++i) all[static_cast<std::size_t>(i)] = i;
  EXPECT_EQ(numbers_got(hostile(1), false), all);
  EXPECT_EQ(numbers_got(sim::world_options(), true), all);
}

/// A message is repeated until it is answered: it must come through.
TEST(sim_hostile, world_is_survived_by_resending) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sim::world_options options = hostile(seed);
    options.faults.losses_in_thousand = 500;
    sim::world cluster(options);
    const auto program = [](context& ctx) -> task<> {
      async_event is_known(ctx);
      port<int>* to_answer = nullptr;
      const auto on_question = [&](int source, int value) { to_answer->post(source, value); };
      const auto on_answer = [&](int, int) { is_known.set(); };
      port<int> questions(ctx, on_question, {"questions", false, true});
      port<int> answers(ctx, on_answer, {"answers", false, true});
      to_answer = &answers;
      const auto resend = [](port<int>& to, int rank) -> task<> {
        for (;;) {
          to.post(rank, 7);
          co_await sleep_for(1ms, timer_role::background);
        }
      };
      scope background(ctx);
      (void)background.spawn(resend(questions, (ctx.rank() + 1) % ctx.size()));
      auto answered = is_known.wait();
      co_await with_timeout(std::move(answered), 1s);
      co_await ctx.world().ibarrier();
      background.cancel();
    };
    const sim::outcome end = cluster.run(program, 4);
    EXPECT_TRUE(end) << "seed " << seed << ": " << end.report;
  }
}

}  // namespace
}  // namespace weft
