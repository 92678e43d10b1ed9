// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weft/sim/options.hpp>
#include <weft/sim/shrink.hpp>

namespace weft::seeds {

/// What a suite's run is cut down to, after it was drawn from its seed: keys `ranks`, `steps` (per cent of those that
/// were drawn), `pauses`, `slow`, `delays`, `jitter` (most). A failing run is shrunk by them, and repeated with them.
void set_bounds(const sim::run_settings& bounds);

/// What is left of the ranks or steps that a suite has drawn: each suite asks.
int bounded_ranks(int drawn);
int bounded_steps(int drawn);
/// Cuts down the faults of a drawn world.
void bound_world(sim::world_options& drawn);

/// The keys, with what is tried for each, the smallest first.
std::vector<sim::shrinkable> bound_sizes();

}  // namespace weft::seeds
