// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "support/queue_program.hpp"
#include "unit/queue/queue_fixture.hpp"

namespace weft {
namespace {

using testing::cluster_of_queues;
using testing::program_log;
using testing::program_options;

/// WEFT_TEST_SEEDS=20000 runs more; WEFT_TEST_SEED=17 runs one.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

/// "" or what is wrong.
std::string run(std::uint64_t seed) {
  random_source random(seed);
  program_options options;
  options.seed = seed;
  options.cancels = random.below(5) == 0;
  options.retries = static_cast<unsigned>(random.below(3));
  queue_options how;
  how.retries = options.retries;
  how.order = random.below(2) == 0 ? take_order::newest_first : take_order::oldest_first;
  options.has_consumer = random.below(2) == 0;
  if (options.has_consumer) how.capacity = 2 + random.below(30);
  const int ranks = 2 + static_cast<int>(random.below(7));
  if (random.below(3) == 0) {
    options.only_submits = random() & ((std::uint64_t{1} << ranks) - 1);
    options.only_submits &= ~(std::uint64_t{1} << random.below(static_cast<std::uint64_t>(ranks)));
  }
  testing::fake_options faults;
  faults.delay = testing::random_delay(seed, 6);
  faults.ranks_per_node = static_cast<int>(random.below(4));

  cluster_of_queues<std::int64_t, std::int64_t> c(ranks, how, std::move(faults));
  std::vector<program_log> logs(static_cast<std::size_t>(ranks));
  std::vector<future<void>> tasks;
  for (int r = 0; r < ranks; ++r)
    tasks.push_back(c.on(r).spawn(run_program(c.on(r), c.at(r), options, logs[static_cast<std::size_t>(r)])));
  if (!c.finish(tasks)) {
    std::string stuck = "it hangs:";
    for (int r = 0; r < ranks; ++r) stuck += "\n rank " + std::to_string(r) + ": " + c.on(r).loop().pending_report();
    c.cluster.at(0).loop().fail(std::make_exception_ptr(error("it hangs")));
    return stuck;
  }
  if (!c.drain()) return "not every rank learns the end";
  program_log all;
  for (const auto& log : logs) all.merge(log);
  for (int r = 0; r < ranks; ++r) {
    if (c.at(r).size() != 0 || c.at(r).held() != 0) return "rank " + std::to_string(r) + " has items left";
  }
  return options.cancels ? all.verdict_cancelled() : all.verdict(options.retries);
}

TEST(random_program, does_what_the_sequential_model_does) {
  const std::uint64_t only = from_environment("WEFT_TEST_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t last = only != 0 ? only : from_environment("WEFT_TEST_SEEDS", 1000);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const std::string wrong = run(seed);
    ASSERT_EQ(wrong, "") << "seed " << seed << " (WEFT_TEST_SEED=" << seed << " runs it alone)";
  }
}

}  // namespace
}  // namespace weft
