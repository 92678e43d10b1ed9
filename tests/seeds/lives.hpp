// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <weft/core/random.hpp>
#include <weft/sim/world.hpp>

namespace weft::seeds {

/// What is drawn for all lives of one cluster whose jobs crash and are started again on the same disks.
struct lives_plan {
  bool loses_power = false;
  bool has_survivors = false;     ///< ranks that outlive their job, beside the next one
  bool has_failing_syncs = false;
  bool is_only_written = false;  ///< nothing is forced: never where power is lost
};

/// Sets the cluster's disks and faults accordingly. Most lives lose a rank.
lives_plan draw_lives(random_source& random, sim::world_options& options);

/// A line that a life wrote and should not have, "" if there is none: the journals are damaged, or something is wrong with
/// the program.
std::string complaint(sim::world& cluster, int ranks, const lives_plan& plan);

}  // namespace weft::seeds
