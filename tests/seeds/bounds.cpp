// SPDX-License-Identifier: BSL-1.0
#include "bounds.hpp"

#include <algorithm>
#include <limits>

#include <weft/core/error.hpp>

namespace weft::seeds {

namespace {

constexpr int most = std::numeric_limits<int>::max();

struct bounds {
  int ranks = most;
  int steps = 100;
  int pauses = most;
  int slow = most;
  int delays = most;
  int jitter = most;
};
bounds present;

}  // namespace

void set_bounds(const sim::run_settings& asked) {
  struct {
    const char* key;
    int bounds::*member;
  } const keys[] = {{"ranks", &bounds::ranks}, {"steps", &bounds::steps},   {"pauses", &bounds::pauses},
                    {"slow", &bounds::slow},   {"delays", &bounds::delays}, {"jitter", &bounds::jitter}};
  present = {};
  for (const auto& pair : asked.all()) {
    if (pair.first == "seed") continue;
    const auto* const key =
        std::find_if(std::begin(keys), std::end(keys), [&](const auto& k) { return pair.first == k.key; });
    if (key == std::end(keys))
      throw usage_error("no bound '" + pair.first + "': ranks, steps, pauses, slow, delays, jitter");
    present.*(key->member) = static_cast<int>(asked.number(pair.first, most));
  }
}

int bounded_ranks(int drawn) { return std::min(drawn, std::max(present.ranks, 1)); }

int bounded_steps(int drawn) { return std::max(drawn * std::min(present.steps, 100) / 100, 1); }

void bound_world(sim::world_options& drawn) {
  drawn.faults.pauses = std::min(drawn.faults.pauses, present.pauses);
  drawn.faults.slow_ranks = std::min(drawn.faults.slow_ranks, present.slow);
  drawn.faults.delays = std::min(drawn.faults.delays, present.delays);
  drawn.network.jitter = std::min(drawn.network.jitter, duration(present.jitter));
}

std::vector<sim::shrinkable> bound_sizes() {
  return {{"ranks", {"1", "2", "3", "4", "6", "8"}},
          {"pauses", {"0", "1"}},
          {"slow", {"0", "1"}},
          {"delays", {"0", "1"}},
          {"jitter", {"0", "300"}},
          {"steps", {"1", "2", "5", "10", "25", "50"}}};
}

}  // namespace weft::seeds
