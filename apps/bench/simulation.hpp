// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "harness.hpp"

namespace weft::bench {

/// What the simulator itself costs on one core, in processor time: a simulated message, beside the million a second that
/// is asked of it, and the life of 1,024 ranks that do next to nothing, beside a second. Under no launcher.
struct simulation_figures {
  std::vector<row> rows;
  double resident_bytes_per_rank = 0;  ///< of the ranks that do next to nothing, while all of them live
};
simulation_figures simulation(const std::string& only, bool quick);

}  // namespace weft::bench
