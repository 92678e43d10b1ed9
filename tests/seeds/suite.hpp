// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weft/core/random.hpp>
#include <weft/sim/world.hpp>

namespace weft::seeds {

/// What the runs of a suite add up to.
struct tally {
  std::uint64_t messages = 0;  ///< of one seed
  std::uint64_t crashes = 0;
  std::vector<std::uint64_t> crash_points;  ///< what tells one place of a crash from another
};

/// One seed of a suite: builds a cluster and a program from the seed, runs it, and says what is wrong; "" if nothing
/// is.
struct suite {
  const char* name;
  std::string (*run)(std::uint64_t seed, tally& counts);
};

extern const suite queue_suite;
extern const suite service_suite;
extern const suite message_suite;
extern const suite durable_suite;
extern const suite port_suite;
extern const suite collective_suite;
extern const suite scope_suite;
extern const suite call_suite;
extern const suite lock_suite;
extern const suite channel_suite;
extern const suite hostile_suite;
extern const suite txn_suite;
extern const suite farm_suite;

/// A cluster whose network, eager size, number of ranks per node and faults are drawn from the seed: as a swarm (Groce
/// et al., "Swarm testing", ISSTA 2012) each seed has some kinds of fault and lacks the others.
sim::world_options draw_world(std::uint64_t seed);
/// What a life ended by instead of a result, "" if by its end.
std::string trouble(sim::world& cluster, const sim::outcome& end, int ranks);
/// One life of a program on a cluster drawn from the seed; returns its trouble.
template <class Program>
std::string run_once(const Program& program, int ranks, std::uint64_t seed, tally& counts) {
  sim::world cluster(draw_world(seed));
  const sim::outcome end = cluster.run(program, ranks);
  counts.messages = cluster.counts().messages;
  return trouble(cluster, end, ranks);
}

}  // namespace weft::seeds
