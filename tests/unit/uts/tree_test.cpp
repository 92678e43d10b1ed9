// SPDX-License-Identifier: BSL-1.0
#include "uts/tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "uts/published.hpp"

namespace {

using weft::uts::node;
using weft::uts::tree;
using weft::uts::tree_parameters;
using weft::uts::tree_shape;
using weft::uts::tree_type;

tree published(const char* name) { return tree(weft::uts::find_published(name)->parameters); }

std::vector<int> grandchildren(const tree& t) {
  std::vector<node> nodes;
  t.expand(t.root(), nodes);
  std::vector<int> counts;
  for (const node& n : nodes) counts.push_back(t.children(n));
  return counts;
}

TEST(tree, children_of_published_roots) {
  EXPECT_EQ(grandchildren(published("T1")), (std::vector<int>{27, 7, 18, 3, 4}));
  EXPECT_EQ(grandchildren(published("T5")), (std::vector<int>{0, 0, 2, 8}));
  const auto t2 = grandchildren(published("T2"));
  ASSERT_EQ(t2.size(), 16u);
  EXPECT_EQ(t2[0], 0);
  EXPECT_EQ(t2[1], 3);
  const auto t4 = grandchildren(published("T4"));
  ASSERT_EQ(t4.size(), 12u);
  EXPECT_EQ(t4[1], 6);
  const auto by_default = grandchildren(tree(tree_parameters{}));
  ASSERT_EQ(by_default.size(), 13u);
  EXPECT_EQ(by_default[0], 1);
}

TEST(tree, grandchildren_of_t1) {
  const tree t = published("T1");
  std::vector<node> children, grand;
  t.expand(t.root(), children);
  EXPECT_EQ(t.expand(children[0], grand), 27);
  EXPECT_EQ(grand[0].height, 2);
  EXPECT_EQ(t.children(grand[0]), 11);
  EXPECT_EQ(t.children(grand[1]), 12);
  EXPECT_EQ(t.children(grand[2]), 0);
  EXPECT_EQ(t.children(grand[26]), 0);
}

TEST(tree, inner_children_of_the_binomial_root) {
  const auto counts = grandchildren(published("T3"));
  ASSERT_EQ(counts.size(), 2000u);
  std::vector<int> inner;
  for (int i = 0; i <= 120; ++i) {
    const int n = counts[static_cast<std::size_t>(i)];
    if (n > 0) inner.push_back(i);
    EXPECT_TRUE(n == 0 || n == 8);
  }
  EXPECT_EQ(inner, (std::vector<int>{5, 6, 13, 19, 22, 33, 56, 62, 65, 71, 91, 120}));
}

TEST(tree, shapes) {
  tree_parameters p;
  p.branching = 6;
  p.depth = 16;
  p.shape = tree_shape::cyclic;
  EXPECT_NEAR(tree(p).mean_children(1), 1.985114636103, 1e-12);
  EXPECT_EQ(tree(p).mean_children(81), 0.0);
  EXPECT_GT(tree(p).mean_children(80), 0.0);
  p.shape = tree_shape::linear;
  EXPECT_EQ(tree(p).mean_children(4), 4.5);
  EXPECT_EQ(tree(p).mean_children(16), 0.0);
  p.shape = tree_shape::fixed;
  EXPECT_EQ(tree(p).mean_children(15), 6.0);
  EXPECT_EQ(tree(p).mean_children(16), 0.0);
  p.shape = tree_shape::exponential;
  EXPECT_NEAR(tree(p).mean_children(16), 1.0, 1e-12);
  EXPECT_NEAR(tree(p).mean_children(4), std::sqrt(6.0), 1e-12);
  EXPECT_EQ(tree(p).mean_children(0), 6.0);
}

TEST(tree, more_than_100_children_are_cut_but_at_a_binomial_root_and_in_a_balanced_tree) {
  tree_parameters p;
  p.branching = 1e6;
  EXPECT_EQ(tree(p).children(tree(p).root()), 100);
  p.branching = 2000.9;
  p.type = tree_type::binomial;
  p.probability = 1;
  p.children = 150;
  EXPECT_EQ(tree(p).children(tree(p).root()), 2000);
  EXPECT_EQ(grandchildren(tree(p))[0], 100);
  p.type = tree_type::balanced;
  EXPECT_EQ(tree(p).children(tree(p).root()), 2000);
}

TEST(tree, heights_past_the_table_follow_the_same_rule) {
  tree_parameters p;
  p.shape = tree_shape::exponential;
  p.depth = 2;
  node deep;
  deep.height = 1;
  deep.state[4] = 0x7fffffff;  // the greatest draw
  const int at_one = tree(p).children(deep);
  EXPECT_EQ(at_one, 96);
  deep.height = 100;  // mean 4 * 100^-2
  EXPECT_EQ(tree(p).children(deep), static_cast<int>(std::log(0x1p-31) / std::log(1.0 - 1.0 / (1.0 + 4e-4))));
}

TEST(published, are_found_by_name_and_by_parameters) {
  for (const auto& t : weft::uts::published_trees()) {
    EXPECT_EQ(weft::uts::find_published(t.name), &t);
    EXPECT_EQ(weft::uts::find_published(t.parameters), &t);
  }
  EXPECT_EQ(weft::uts::find_published("t3l")->nodes, 111345631u);
  EXPECT_EQ(weft::uts::find_published("T9"), nullptr);
  EXPECT_EQ(weft::uts::find_published(tree_parameters{}), nullptr);
}

// The numbers of children are looked up: at the edges of the table's entries they must be those of the formula.
TEST(tree, geometric_children_are_those_of_the_formula) {
  for (const char* name : {"T1", "T2", "T5"}) {
    const tree t = published(name);
    for (std::int32_t height : {0, 1, 3, 7, 9}) {
      const double log_q = std::log(1.0 - 1.0 / (1.0 + t.mean_children(height)));
      const auto formula = [&](std::uint32_t drawn) {
        return std::min(static_cast<int>(std::floor(std::log(1.0 - drawn / 2147483648.0) / log_q)), 100);
      };
      const auto children = [&](std::uint32_t drawn) { return t.children(node{{0, 0, 0, 0, drawn}, height}); };
      for (int k = 1; k < 40; ++k) {
        const auto edge = static_cast<std::uint32_t>(2147483648.0 * (1.0 - std::exp(k * log_q)));
        for (std::uint32_t drawn = edge - 3; drawn != edge + 4; ++drawn) {
          if (drawn > 0x7fffffffu) break;
          ASSERT_EQ(children(drawn), formula(drawn)) << name << " " << height << " " << drawn;
        }
      }
      EXPECT_EQ(children(0), 0);
      EXPECT_EQ(children(0x7fffffffu), formula(0x7fffffffu));
    }
  }
}

}  // namespace
