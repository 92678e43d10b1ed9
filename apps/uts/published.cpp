// SPDX-License-Identifier: BSL-1.0
#include "published.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace weft::uts {
namespace {

constexpr tree_parameters geometric(tree_shape shape, int depth, double branching, std::int32_t seed) {
  tree_parameters p;
  p.shape = shape;
  p.depth = depth;
  p.branching = branching;
  p.seed = seed;
  return p;
}

constexpr tree_parameters binomial(double probability, int children, std::int32_t seed) {
  tree_parameters p;
  p.type = tree_type::binomial;
  p.branching = 2000;
  p.probability = probability;
  p.children = children;
  p.seed = seed;
  return p;
}

constexpr tree_parameters hybrid(int depth, double branching, std::int32_t seed) {
  tree_parameters p = geometric(tree_shape::linear, depth, branching, seed);
  p.type = tree_type::hybrid;
  p.probability = 0.234375;
  return p;
}

using enum tree_shape;

// Leaves of T1XXL: not published; computed with an independent program.
constexpr std::array<published_tree, 15> trees{{
    {"T1", geometric(fixed, 10, 4, 19), 4130071, 3305118, 10},
    {"T2", geometric(cyclic, 16, 6, 502), 4117769, 2342762, 81},
    {"T3", binomial(0.124875, 8, 42), 4112897, 3599034, 1572},
    {"T4", hybrid(16, 6, 1), 4132453, 3108986, 134},
    {"T5", geometric(linear, 20, 4, 34), 4147582, 2181318, 20},
    {"T1L", geometric(fixed, 13, 4, 29), 102181082, 81746377, 13},
    {"T2L", geometric(cyclic, 23, 7, 220), 96793510, 53791152, 67},
    {"T3L", binomial(0.200014, 5, 7), 111345631, 89076904, 17844},
    {"T1XL", geometric(fixed, 15, 4, 29), 1635119272, 1308100063, 15},
    {"T1XXL", geometric(fixed, 15, 4, 19), 4230646601, 3384495738, 15},
    {"T2XXL", binomial(0.499999995, 2, 0), 10612052303, 5306027151, 216370},
    {"T3XXL", binomial(0.499995, 2, 316), 2793220501, std::nullopt, std::nullopt},
    {"T1WL", geometric(fixed, 18, 4, 19), 270751679750, 216601257283, 18},
    {"T2WL", binomial(0.4999999995, 2, 559), 295393891003, 147696946501, 1021239},
    {"T3WL", binomial(0.4999995, 2, 559), 157063495159, 78531748579, 758577},
}};

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::toupper(x) == std::toupper(y); });
}

}  // namespace

std::span<const published_tree> published_trees() noexcept { return trees; }

const published_tree* find_published(std::string_view name) noexcept {
  auto found = std::find_if(trees.begin(), trees.end(), [&](const auto& t) { return same_name(t.name, name); });
  return found == trees.end() ? nullptr : &*found;
}

const published_tree* find_published(const tree_parameters& parameters) noexcept {
  tree_parameters wanted = parameters;
  wanted.granularity = 1;
  auto found = std::find_if(trees.begin(), trees.end(), [&](const auto& t) { return t.parameters == wanted; });
  return found == trees.end() ? nullptr : &*found;
}

}  // namespace weft::uts
