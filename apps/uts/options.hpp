// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>

#include "tree.hpp"

namespace CLI {
class App;
}

namespace weft::uts {

/// The options that choose a tree, as given; `parameters()` is what they mean.
struct tree_options {
  std::string name;  ///< --tree
  std::optional<int> type, shape, depth, children, granularity;
  std::optional<double> branching, probability, shift;
  std::optional<std::int32_t> seed;

  /// The named tree, or the distribution's defaults, with what was given beside it.
  tree_parameters parameters() const;
};

/// Adds `--tree` and the distribution's own options (-t -a -d -b -r -q -m -f -g) to a program. An option that is given
/// twice has its last value; one out of range is CLI11's ParseError when the program's arguments are parsed. `options`
/// must live until then.
void add_tree_options(CLI::App& program, tree_options& options);

}  // namespace weft::uts
