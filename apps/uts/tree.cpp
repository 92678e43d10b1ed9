// SPDX-License-Identifier: BSL-1.0
#include "tree.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace weft::uts {
namespace {

/// ln(1 - p) for the p of a geometric distribution with this mean. log, not log1p: the published counts depend on it.
double log_one_minus_p(double mean) {
  if (mean <= 0) return std::log(0.0);  // no children
  return std::log(1.0 - 1.0 / (1.0 + mean));
}

constexpr std::int64_t draws = std::int64_t{1} << 31;

double uniform(std::uint32_t drawn) noexcept { return drawn / static_cast<double>(draws); }

/// How many children the distribution's formula gives.
int geometric_children(std::uint32_t drawn, double log_q) noexcept {
  if (std::isinf(log_q)) return 0;
  const double children = std::floor(std::log(1.0 - uniform(drawn)) / log_q);
  return children < most_children ? static_cast<int>(children) : most_children;
}

/// The largest number drawn that gives at most `k` children, or -1. A larger number never gives fewer: neighbours are
/// 2^-31 apart, and their logarithms by much more than the rounding.
std::int32_t largest_with_at_most(int k, double log_q) noexcept {
  std::int64_t too_low = -1;
  std::int64_t too_high = draws;
  while (too_high - too_low > 1) {
    const std::int64_t middle = (too_low + too_high) / 2;
    (geometric_children(static_cast<std::uint32_t>(middle), log_q) <= k ? too_low : too_high) = middle;
  }
  return static_cast<std::int32_t>(too_low);
}

}  // namespace

tree::tree(const tree_parameters& parameters, sha1_path path) : parameters_(parameters), derive_(uts::derive(path)) {
  const bool is_geometric = parameters_.type == tree_type::geometric || parameters_.type == tree_type::hybrid;
  if (!is_geometric) return;
  // A cyclic tree ends at 5 depths; an exponential one goes on, and its rare deep nodes compute the logarithms.
  const int heights = std::min(5 * std::min(parameters_.depth, 1000) + 1, 4096);
  for (int h = 0; h < heights; ++h) {
    log_no_child_.push_back(log_one_minus_p(mean_children(h)));
    thresholds& at = thresholds_.emplace_back();
    int k = 0;
    for (std::int32_t& largest : at) largest = largest_with_at_most(k++, log_no_child_.back());
  }
}

double tree::mean_children(int height) const noexcept {
  constexpr double pi = 3.141592653589793;
  const double b = parameters_.branching;
  const double h = height;
  const double d = parameters_.depth;
  if (height == 0) return b;
  switch (parameters_.shape) {
    case tree_shape::linear:
      return b * (1.0 - h / d);
    case tree_shape::exponential:
      return b * std::pow(h, -std::log(b) / std::log(d));
    case tree_shape::cyclic:
      return h > 5.0 * d ? 0.0 : std::pow(b, std::sin(2.0 * pi * h / d));
    case tree_shape::fixed:
      return h < d ? b : 0.0;
  }
  return 0;
}

// Looked up, because a logarithm and a division for each node cost a third of its hash; few nodes have more children
// than the table.
int tree::geometric(const node& parent) const noexcept {
  const std::uint32_t drawn = draw(parent.state);
  const auto h = static_cast<std::size_t>(parent.height);
  if (h >= thresholds_.size()) [[unlikely]]
    return geometric_children(drawn, log_one_minus_p(mean_children(parent.height)));
  int children = 0;
  for (const std::int32_t largest : thresholds_[h]) children += static_cast<std::int32_t>(drawn) > largest ? 1 : 0;
  return children < most_looked_up ? children : geometric_children(drawn, log_no_child_[h]);
}

int tree::children(const node& parent) const noexcept {
  const auto binomial = [&] {
    const bool is_inner = uniform(draw(parent.state)) < parameters_.probability;
    return is_inner ? std::min(parameters_.children, most_children) : 0;
  };
  switch (parameters_.type) {
    case tree_type::binomial:
      return parent.height == 0 ? static_cast<int>(parameters_.branching) : binomial();
    case tree_type::geometric:
      return geometric(parent);
    case tree_type::hybrid:
      return parent.height < parameters_.shift * parameters_.depth ? geometric(parent) : binomial();
    case tree_type::balanced:
      return parent.height < parameters_.depth ? static_cast<int>(parameters_.branching) : 0;
  }
  return 0;
}

void tree::derive(const node& parent, int first, std::span<node> out) const noexcept {
  std::array<digest, 16> states;
  while (!out.empty()) {
    const auto now = std::span(states).first(std::min(out.size(), states.size()));
    for (int g = 0; g < parameters_.granularity; ++g) derive_(parent.state, static_cast<std::uint32_t>(first), now);
    for (std::size_t i = 0; i < now.size(); ++i) out[i] = {now[i], parent.height + 1};
    first += static_cast<int>(now.size());
    out = out.subspan(now.size());
  }
}

int tree::expand(const node& parent, std::vector<node>& nodes) const {
  const int n = children(parent);
  const std::size_t before = nodes.size();
  nodes.resize(before + static_cast<std::size_t>(n));
  derive(parent, 0, std::span(nodes).subspan(before));
  return n;
}

}  // namespace weft::uts
