// SPDX-License-Identifier: BSL-1.0
// ranks: 8
// timeout: 120
#include <weft/queue/work_queue.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <weft/async/timer.hpp>
#include <weft/mpi/context.hpp>

#include "support/mpi_test.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;

/// WEFT_TEST_FULL=1: at the size that the promise is made for.
bool full() { return std::getenv("WEFT_TEST_FULL") != nullptr; }

struct waits {
  std::int64_t taken = 0;
  duration in_all{};  ///< between letting go of an item and having the next
};

task<> consume(work_queue<duration>& q, waits& mine) {
  for (;;) {
    const auto asked = std::chrono::steady_clock::now();
    auto next = co_await q.get();
    if (!next) co_return;
    mine.in_all += std::chrono::steady_clock::now() - asked;
    ++mine.taken;
    co_await sleep_for(**next);
  }
}

TEST(Fairness, EveryConsumerGetsItsShareAndALongItemHidesNothing) {
  context ctx(MPI_COMM_WORLD);
  const int items = full() ? 8000 : 1600;
  const duration most_waiting = full() ? 5ms : 500ms;  // the small form may run beside others, on few processors
  work_queue<duration> q(ctx);
  if (ctx.rank() == 0) {
    q.put(100ms);
    for (int i = 1; i < items; ++i) q.put(1ms);
  }
  q.close();
  waits mine;
  weft::test::barrier();
  ctx.run(consume(q, mine));
  const std::int64_t share = items / ctx.size();
  const std::int64_t slack = share * (full() ? 15 : 50) / 100;
  EXPECT_LE(mine.taken, share + slack);
  EXPECT_GE(mine.taken, share - slack - 100);  // one of them has the long item, and may have so many fewer
  EXPECT_LE(mine.in_all, most_waiting);
}

}  // namespace
}  // namespace weft
