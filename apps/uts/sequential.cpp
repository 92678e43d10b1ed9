// SPDX-License-Identifier: BSL-1.0
#include "sequential.hpp"

#include <limits>

namespace weft::uts {

tree_counts visit(const tree& which, std::vector<node>& stack, std::uint64_t most) {
  tree_counts counts;
  for (; counts.nodes < most && !stack.empty(); ++counts.nodes) {
    const node parent = stack.back();
    stack.pop_back();
    counts.depth = std::max(counts.depth, parent.height);
    if (which.expand(parent, stack) == 0) ++counts.leaves;
  }
  return counts;
}

tree_counts search(const tree& which) {
  std::vector<node> stack{which.root()};
  return visit(which, stack, std::numeric_limits<std::uint64_t>::max());
}

digest hash_chain(const tree& which, std::uint64_t compressions) {
  const derive_function derive_one = derive(best_sha1_path());
  digest state = which.root().state;
  for (; compressions > 0; --compressions) {
    const digest parent = state;
    derive_one(parent, 0, std::span(&state, 1));
  }
  return state;
}

}  // namespace weft::uts
