// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tree.hpp"

namespace weft::uts {

/// What a search counts; the counts of parts of a tree add up in any order.
struct tree_counts {
  std::uint64_t nodes = 0;   ///< the root included
  std::uint64_t leaves = 0;  ///< nodes without children
  std::int32_t depth = 0;    ///< the greatest height seen; the root's is 0

  tree_counts& operator+=(const tree_counts& other) noexcept {
    nodes += other.nodes;
    leaves += other.leaves;
    depth = std::max(depth, other.depth);
    return *this;
  }
  friend bool operator==(const tree_counts&, const tree_counts&) = default;
};

/// Visits up to `most` of the nodes on `stack`, last in first out, and puts their children on it. The search goes on
/// with the next call until the stack is empty.
tree_counts visit(const tree& which, std::vector<node>& stack, std::uint64_t most);

/// Searches the whole tree depth first on this rank alone.
tree_counts search(const tree& which);

/// The least that any search takes: as many SHA-1 compressions, each of the one before, and nothing else. Returns the
/// last state, so that it is not optimised away.
digest hash_chain(const tree& which, std::uint64_t compressions);

}  // namespace weft::uts
