// SPDX-License-Identifier: BSL-1.0
#include <chrono>

#include "bounds.hpp"
#include "suite.hpp"

namespace weft::seeds {

using namespace std::chrono_literals;

sim::world_options draw_world(std::uint64_t seed) {
  random_source random(seed ^ 0x5eed'0f0a'11b1'a5e5u);
  sim::world_options options;
  options.seed = seed;
  options.network.latency = duration(200 + static_cast<std::int64_t>(random.below(20'000)));
  options.network.node_latency = duration(100 + static_cast<std::int64_t>(random.below(2'000)));
  options.network.jitter = duration(static_cast<std::int64_t>(random.below(2) == 0 ? 300 : 1 + random.below(50'000)));
  options.network.eager_bytes = std::uint64_t{64} << random.below(8);
  options.network.ranks_per_node = 1 + static_cast<int>(random.below(8));
  options.faults.within = 1ms;
  options.faults.longest = duration(1 + static_cast<std::int64_t>(random.below(2'000'000)));
  if (random.below(2) == 0) options.faults.pauses = 1 + static_cast<int>(random.below(4));
  if (random.below(2) == 0) options.faults.slow_ranks = 1 + static_cast<int>(random.below(3));
  if (random.below(2) == 0) options.faults.delays = 1 + static_cast<int>(random.below(4));
  options.limits.virtual_time = 2s;
  bound_world(options);
  return options;
}

std::string trouble(sim::world& cluster, const sim::outcome& end, int ranks) {
  if (!end) {
    std::string text = "ended with " + std::to_string(end.exit_code) + ": " + end.report;
    for (int rank = 0; rank < ranks; ++rank) text += cluster.error_output(rank);
    return text;
  }
  for (int rank = 0; rank < ranks; ++rank) {
    if (!cluster.error_output(rank).empty()) return "rank " + std::to_string(rank) + ": " + cluster.error_output(rank);
  }
  return {};
}

}  // namespace weft::seeds
