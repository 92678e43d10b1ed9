// SPDX-License-Identifier: BSL-1.0
// ranks: 1 2 3 4
#include <weft/async/async.hpp>
#include <weft/message/barrier.hpp>
#include <weft/message/event.hpp>
#include <weft/message/latch.hpp>
#include <weft/message/once.hpp>
#include <weft/mpi/context.hpp>

#include "support/mpi_test.hpp"

namespace weft {
namespace {

TEST(Meeting, ABarrierOfTasksHoldsEveryPhaseTogether) {
  constexpr int tasks = 3;
  constexpr int phases = 50;
  context ctx(MPI_COMM_WORLD);
  barrier meeting(ctx, static_cast<std::uint32_t>(tasks * ctx.size()), {.home = ctx.size() - 1});
  int mine[tasks] = {};
  const auto take_part = [&](int which) -> task<> {
    for (int i = 1; i <= phases; ++i) {
      mine[which] = i;
      co_await meeting.arrive_and_wait();
      for (const int other : mine) EXPECT_TRUE(other >= i && other <= i + 1);
    }
  };
  const auto all = [&]() -> task<> {
    scope these(ctx.loop());
    for (int i = 0; i < tasks; ++i) auto running = these.spawn(take_part(i));
    co_await these.join();
  };
  ctx.run(all());
  ctx.quiescence().get();
  if (ctx.rank() == meeting.home()) {
    EXPECT_EQ(meeting.phase(), static_cast<std::uint64_t>(phases));
  }
}

TEST(Meeting, OneRankSetsUpAndTheOthersWaitForIt) {
  context ctx(MPI_COMM_WORLD);
  once setup(ctx);
  latch ready(ctx, static_cast<std::uint32_t>(ctx.size()));
  event go(ctx, {.home = ctx.size() - 1});
  int did = 0;
  {
    once_turn turn = setup.begin().get();
    if (turn) {
      ++did;
      turn.done();
    }
  }
  ready.arrive_and_wait().get();
  EXPECT_EQ(ctx.world().allreduce(did, weft::sum), 1);
  auto waits = go.wait();
  if (ctx.rank() == 0) go.set();
  waits.get();
  ctx.quiescence().get();
}

}  // namespace
}  // namespace weft
