// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vector>

#include <weft/async/task.hpp>
#include <weft/port/context.hpp>
#include <weft/queue/work_queue.hpp>

#include "balance.hpp"
#include "sequential.hpp"

namespace weft::uts {

/// What a search over all ranks found, and what it took.
struct search_report {
  tree_counts counts;   ///< of the whole tree, on every rank
  double seconds = 0;   ///< of the search alone: from a barrier before it to the end of the slowest rank
  std::vector<rank_share> ranks;  ///< on rank 0: what each rank did
};

/// Searches the tree with one item of a work queue per node. Collective. `node_ns`: what a node takes on a simulated clock,
/// beside what its messages do.
task<search_report> search(context& ctx, const tree& which, double node_ns = 0);

}  // namespace weft::uts
