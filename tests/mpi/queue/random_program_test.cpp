// SPDX-License-Identifier: BSL-1.0
// ranks: 2 3 4 8
// timeout: 120
#include <weft/queue/work_queue.hpp>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <weft/mpi/context.hpp>

#include "support/mpi_test.hpp"
#include "support/queue_program.hpp"

namespace weft {
namespace {

using testing::program_log;
using testing::program_options;

constexpr int seeds = 40;

/// Adds every rank's counts to `to`, on rank 0: pairs of an item and a count.
void gather(context& ctx, const std::map<std::int64_t, int>& mine, std::map<std::int64_t, int>& to) {
  std::vector<std::int64_t> flat;
  for (const auto& [id, times] : mine) flat.insert(flat.end(), {id, times});
  const auto parts = ctx.world().igather(std::move(flat), 0).get();
  for (const auto& part : parts) {
    for (std::size_t i = 0; i < part.size(); i += 2) to[part[i]] += static_cast<int>(part[i + 1]);
  }
}
program_log gather(context& ctx, const program_log& mine) {
  program_log merged;
  gather(ctx, mine.put, merged.put);
  gather(ctx, mine.done, merged.done);
  gather(ctx, mine.failed, merged.failed);
  gather(ctx, mine.dead, merged.dead);
  return merged;
}

TEST(RandomProgram, DoesWhatTheSequentialModelDoes) {
  // WEFT_TEST_SEED=N: that one alone.
  const char* one = std::getenv("WEFT_TEST_SEED");
  const std::uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
  for (std::uint64_t seed = first; seed < (one != nullptr ? first + 1 : seeds + 1); ++seed) {
    SCOPED_TRACE("WEFT_TEST_SEED=" + std::to_string(seed));
    context ctx(MPI_COMM_WORLD);
    random_source random(seed);
    program_options options;
    options.seed = seed;
    options.cancels = random.below(5) == 0;
    options.retries = static_cast<unsigned>(random.below(3));
    options.has_consumer = random.below(2) == 0;
    queue_options how;
    how.retries = options.retries;
    if (options.has_consumer) how.capacity = 2 + random.below(30);
    work_queue<std::int64_t, std::int64_t> q(ctx, how);
    program_log log;
    ctx.run(run_program(ctx, q, options, log));
    EXPECT_EQ(log.wrong, "");
    if (!options.cancels) {
      EXPECT_EQ(log.cancelled_results, 0);
    }
    EXPECT_TRUE(q.drained() || q.cancelled());
    const program_log all = gather(ctx, log);
    if (ctx.rank() != 0) continue;
    ASSERT_EQ(options.cancels ? all.verdict_cancelled() : all.verdict(options.retries), "");
  }
}

}  // namespace
}  // namespace weft
