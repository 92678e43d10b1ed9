// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "tree.hpp"

namespace weft::uts {

/// A tree of the distribution's `sample_trees.sh`. What is not known is empty.
struct published_tree {
  std::string_view name;
  tree_parameters parameters;
  std::uint64_t nodes;
  std::optional<std::uint64_t> leaves;
  std::optional<std::int32_t> depth;
};

std::span<const published_tree> published_trees() noexcept;
/// Null for an unknown name. Names are matched without regard to case.
const published_tree* find_published(std::string_view name) noexcept;
/// The published tree with these parameters (whatever its granularity), if there is one: its counts must come out.
const published_tree* find_published(const tree_parameters& parameters) noexcept;

}  // namespace weft::uts
