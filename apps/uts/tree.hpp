// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sha1.hpp"

namespace weft::uts {

/// How the number of children is drawn. The numbers are those of the distribution's `-t`.
enum class tree_type : std::uint8_t { binomial = 0, geometric = 1, hybrid = 2, balanced = 3 };

/// How a geometric tree's mean number of children depends on the height. The numbers are those of `-a`.
enum class tree_shape : std::uint8_t { linear = 0, exponential = 1, cyclic = 2, fixed = 3 };

/// What defines a tree of the Unbalanced Tree Search benchmark (Olivier et al., LCPC 2006). The defaults are those of
/// the distribution.
struct tree_parameters {
  tree_type type = tree_type::geometric;  ///< -t
  tree_shape shape = tree_shape::linear;  ///< -a
  int depth = 6;                          ///< -d: of geometric trees
  double branching = 4.0;                 ///< -b: of the root
  std::int32_t seed = 0;                  ///< -r
  double probability = 15.0 / 64.0;       ///< -q: that a binomial node has children
  int children = 4;                       ///< -m: of a binomial node that has any
  double shift = 0.5;                     ///< -f: the part of `depth` where a hybrid tree becomes binomial
  int granularity = 1;                    ///< -g: how often each hash is computed
  friend bool operator==(const tree_parameters&, const tree_parameters&) = default;
};

/// A node holds all that its subtree depends on: it may be sent to another rank as it is.
struct node {
  digest state{};
  std::int32_t height = 0;
};
static_assert(sizeof(node) == 24);

/// No node but the root of a binomial tree and those of a balanced one has more children.
inline constexpr int most_children = 100;

class tree {
 public:
  explicit tree(const tree_parameters& parameters, sha1_path path = best_sha1_path());

  const tree_parameters& parameters() const noexcept { return parameters_; }
  node root() const noexcept { return {root_state(parameters_.seed), 0}; }
  int children(const node& parent) const noexcept;
  /// Appends all children of `parent` to `nodes`; returns how many.
  int expand(const node& parent, std::vector<node>& nodes) const;
  /// Writes the children `first`, `first + 1`, ... of `parent`.
  void derive(const node& parent, int first, std::span<node> out) const noexcept;
  /// The mean number of children at a height of a geometric tree (b_i in the papers).
  double mean_children(int height) const noexcept;

 private:
  static constexpr int most_looked_up = 16;
  /// Entry k: the largest number drawn that gives at most k children at a height; -1 if none does.
  using thresholds = std::array<std::int32_t, most_looked_up>;

  int geometric(const node& parent) const noexcept;

  tree_parameters parameters_;
  derive_function derive_;
  std::vector<double> log_no_child_;   ///< ln(1 - p) by height
  std::vector<thresholds> thresholds_;  ///< by height
};

}  // namespace weft::uts
