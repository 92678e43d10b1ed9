// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "batch_view.hpp"
#include "results_directory.hpp"

namespace weft::farm {

/// An attempt as a bar of the picture.
struct plotted {
  double start = 0;  ///< seconds
  double length = 0;
  int rank = 0;
  int slot = 0;
  char kind = 'd';  ///< d: done, f: failed, r: failed and tried again, n: counted for nothing
  std::uint64_t id = 0;
};

/// A picture (SVG) of which slot of which rank ran tasks when, one row per slot, time from left to right; times in
/// which nothing ran for long, between two runs, are cut out. Of many attempts, those that fall on one column of a row
/// are drawn as one.
std::string timeline_svg(std::vector<plotted> attempts, const std::string& title);

/// Writes DIR/timeline.svg from a batch's journal. Throws `error`.
void plot_batch(storage& files, const results_directory& directory, const batch_view& batch);

}  // namespace weft::farm
