// SPDX-License-Identifier: BSL-1.0
// ranks: 1 2 3 4 8
#include <weft/message/mutex.hpp>

#include <cstdint>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/message/rpc.hpp>
#include <weft/mpi/context.hpp>

#include "support/mpi_test.hpp"

namespace weft {
namespace {

/// Counts on rank 0, unprotected: it is read, others may run, and it is written.
struct counter {
  std::int64_t value = 0;
};
std::int64_t read(counter& here) { return here.value; }
void write(counter& here, std::int64_t value) { here.value = value; }

task<> increment_often(mutex& lock, rpc<counter>& calls, int times) {
  for (int i = 0; i < times; ++i) {
    const permit held = co_await lock.lock();
    auto reading = calls.call<read>(0);
    const std::int64_t value = co_await reading;
    auto writing = calls.call<write>(0, value + 1);
    co_await writing;
  }
}

TEST(Mutex, ProtectsACounterFromAllRanksAndTheirTasks) {
  constexpr int tasks = 3;
  constexpr int times = 30;
  context ctx(MPI_COMM_WORLD);
  counter here;
  rpc calls(ctx, here);
  mutex lock(ctx, {.home = ctx.size() - 1});
  const auto all = [&]() -> task<> {
    scope these(ctx.loop());
    for (int i = 0; i < tasks; ++i) auto running = these.spawn(increment_often(lock, calls, times));
    co_await these.join();
  };
  ctx.run(all());
  ctx.quiescence().get();
  if (ctx.rank() == 0) {
    EXPECT_EQ(here.value, std::int64_t{tasks} * times * ctx.size());
  }
  EXPECT_EQ(lock.holder(), -1);
  EXPECT_EQ(lock.queued(), 0u);
}

TEST(Mutex, ARequestWaitsForOneTurnOfEveryOtherRankAtMost) {
  constexpr int turns = 200;
  context ctx(MPI_COMM_WORLD);
  mutex lock(ctx);
  int inside = 0;
  for (int i = 0; i < turns; ++i) {
    const permit held = lock.lock().get();
    inside += held.holds() ? 1 : 0;
  }
  ctx.quiescence().get();
  EXPECT_EQ(inside, turns);
  if (ctx.rank() == 0) {
    EXPECT_LE(lock.most_grants_waited(), static_cast<std::uint64_t>(ctx.size() - 1));
  }
}

TEST(SharedMutex, ReadersSeeWhatAWriterHasWrittenWhole) {
  context ctx(MPI_COMM_WORLD);
  counter here;
  rpc calls(ctx, here);
  shared_mutex lock(ctx);
  for (int i = 0; i < 20; ++i) {
    if (i % 10 == ctx.rank()) {
      const permit held = lock.lock().get();
      const std::int64_t value = calls.call<read>(0).get();
      calls.call<write>(0, value + 1).get();  // odd: nobody may see it
      calls.call<write>(0, value + 2).get();
    } else {
      const permit held = lock.lock_shared().get();
      EXPECT_EQ(calls.call<read>(0).get() % 2, 0);
    }
  }
  ctx.quiescence().get();
  if (ctx.rank() == 0) {
    EXPECT_EQ(here.value, std::int64_t{2} * 2 * ctx.size());
  }
}

}  // namespace
}  // namespace weft
