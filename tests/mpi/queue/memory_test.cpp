// SPDX-License-Identifier: BSL-1.0
// ranks: 2 3
// timeout: 120
#include <weft/queue/work_queue.hpp>

#include <sys/resource.h>

#include <cstdint>
#include <cstdlib>

#include <weft/async/timer.hpp>
#include <weft/mpi/context.hpp>

#include "support/mpi_memory.hpp"
#include "support/mpi_test.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;

/// The largest that this process has been, in KiB.
long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

struct payload {
  std::int64_t number;
  std::int64_t more[7];
};

task<> produce(work_queue<payload>& q, int items) {
  // The bound holds once a consumer is known: when it has taken the first item.
  q.put(payload{0, {}});
  while (q.size() > 0) co_await sleep_for(20us);
  for (int i = 1; i < items; ++i) co_await q.put(payload{i, {}});
  q.close();
}

/// A thousandth of the producer's speed: it takes nothing for most of the time.
task<> consume(work_queue<payload>& q, std::int64_t& taken, duration pause) {
  for (;;) {
    item_batch<payload> some = co_await q.get_n(1000);
    if (!some) co_return;
    taken += static_cast<std::int64_t>(some.size());
    if (taken % 16 == 0) co_await sleep_for(pause);
  }
}

std::int64_t run(context& ctx, int items) {
  work_queue<payload> q(ctx, {.capacity = 5000});
  std::int64_t taken = 0;
  if (ctx.rank() == 0) {
    ctx.run(produce(q, items));
    while (!q.drained()) ctx.loop().turn();
    EXPECT_LE(q.stats().most_queued, 5001u);
  } else {
    q.close();
    ctx.run(consume(q, taken, 1us));
  }
  std::int64_t all = 0;
  MPI_Allreduce(&taken, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  return all;
}

TEST(Memory, DoesNotGrowWithTheNumberOfItems) {
  if (!test::has_free_memory(std::uint64_t{1} << 30)) GTEST_SKIP() << "a sanitizer keeps what was freed";
  const bool full = std::getenv("WEFT_TEST_FULL") != nullptr;
  const int few = 100'000;
  const int many = full ? 10'000'000 : 1'000'000;
  context ctx(MPI_COMM_WORLD);
  EXPECT_EQ(run(ctx, few), few);
  const long before = peak_kib();
  EXPECT_EQ(run(ctx, many), many);
  EXPECT_LE(peak_kib(), before * 11 / 10) << "KiB";
}

}  // namespace
}  // namespace weft
