// SPDX-License-Identifier: BSL-1.0
#include "lives.hpp"

#include <sstream>

namespace weft::seeds {

using namespace std::chrono_literals;

lives_plan draw_lives(random_source& random, sim::world_options& options) {
  lives_plan plan;
  options.limits.virtual_time = 60s;  // starts wait for the locks of survivors
  options.disk.sectors_are_atomic = true;
  options.faults.kills_in_thousand = 750;
  options.faults.within =
      duration(1'000'000 + static_cast<std::int64_t>(random.below(random.below(2) == 0 ? 4'000'000 : 40'000'000)));
  switch (random.below(4)) {
    case 0:
      plan.loses_power = true;
      break;
    case 1:
      plan.loses_power = true;
      options.disk.failing_syncs_in_million = 10'000;
      plan.has_failing_syncs = true;
      break;
    case 2:
      plan.has_survivors = true;
      break;
    default:
      plan.has_survivors = true;
      plan.is_only_written = true;
  }
  options.disk.loses_power = plan.loses_power;
  if (plan.has_survivors) options.faults.zombies = duration(static_cast<std::int64_t>(random.below(60'000'000)));
  return plan;
}

std::string complaint(sim::world& cluster, int ranks, const lives_plan& plan) {
  const auto is_right = [&plan](const std::string& line) {
    const auto says = [&line](const char* what) { return line.find(what) != std::string::npos; };
    return says("they are no whole records") || says("W context: ") || says("or after it failed") ||
           (plan.has_survivors && says("a later run has taken over")) ||
           (plan.has_failing_syncs && says("cannot force"));
  };
  for (int rank = 0; rank < ranks; ++rank) {
    std::istringstream lines(cluster.error_output(rank));
    for (std::string line; std::getline(lines, line);) {
      if (!is_right(line)) return line;
    }
  }
  return {};
}

}  // namespace weft::seeds
