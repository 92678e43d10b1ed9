// SPDX-License-Identifier: BSL-1.0
#include "uts/sequential.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "uts/options.hpp"
#include "uts/published.hpp"

namespace {

using weft::uts::sha1_path;
using weft::uts::tree;
using weft::uts::tree_counts;
using weft::uts::tree_parameters;

tree_parameters parse(const std::string& arguments) {
  CLI::App program;
  weft::uts::tree_options options;
  weft::uts::add_tree_options(program, options);
  program.parse(arguments);
  return options.parameters();
}

class search_by : public ::testing::TestWithParam<sha1_path> {
 protected:
  void SetUp() override {
    if (!weft::uts::has(GetParam())) GTEST_SKIP() << "this processor has no " << weft::uts::name(GetParam());
  }
};

TEST_P(search_by, small_trees_have_their_counts) {
  struct {
    const char* options;
    std::uint64_t nodes;
    int depth;
    std::uint64_t leaves;
  } const trees[] = {
      {"", 1732, 6, 1050},
      {"-t 1 -a 3 -d 1 -b 4 -r 19", 6, 1, 5},
      {"-t 1 -a 3 -d 2 -b 4 -r 19", 65, 2, 59},
      {"-t 1 -a 3 -d 3 -b 4 -r 19", 254, 3, 201},
      {"-t 1 -a 3 -d 4 -b 4 -r 19", 944, 4, 744},
      {"-t 1 -a 3 -d 5 -b 4 -r 19", 3987, 5, 3232},
      {"-t 1 -a 3 -d 6 -b 4 -r 19", 16000, 6, 12839},
      {"-t 1 -a 3 -d 7 -b 4 -r 19", 63914, 7, 51124},
      {"-t 1 -a 3 -d 4 -b 4 -r 29", 406, 4, 319},
      {"-t 1 -a 0 -d 10 -b 4 -r 34", 5577, 10, 3111},
      {"-t 0 -b 20 -q 0.124875 -m 8 -r 42", 6213, 67, 5438},
      {"-t 0 -b 1 -q 0.2 -m 4 -r 3", 2, 1, 1},
      {"-t 2 -a 0 -d 8 -b 4 -r 1 -q 0.2 -m 4", 1179, 22, 877},
      {"-t 3 -b 3.5 -d 4", 121, 4, 81},  // (3^5 - 1) / 2
  };
  for (const auto& t : trees) {
    EXPECT_EQ(weft::uts::search(tree(parse(t.options), GetParam())), (tree_counts{t.nodes, t.leaves, t.depth}))
        << t.options;
  }
}

INSTANTIATE_TEST_SUITE_P(paths, search_by, ::testing::Values(sha1_path::scalar, sha1_path::sha_extensions),
                         [](const auto& instance) {
                           return std::string(instance.param == sha1_path::scalar ? "scalar" : "sha_extensions");
                         });

class search_published : public ::testing::TestWithParam<const char*> {};

TEST_P(search_published, has_the_published_counts) {
  const auto& t = *weft::uts::find_published(GetParam());
  EXPECT_EQ(weft::uts::search(tree(t.parameters)), (tree_counts{t.nodes, *t.leaves, *t.depth}));
}

INSTANTIATE_TEST_SUITE_P(trees, search_published, ::testing::Values("T1", "T2", "T3", "T4", "T5"),
                         [](const auto& instance) { return std::string(instance.param); });

TEST(visit, levels_of_a_tree_have_their_sizes) {
  const tree t(parse("-t 1 -a 3 -d 7 -b 4 -r 19"));
  std::vector<weft::uts::node> level{t.root()};
  std::vector<std::size_t> sizes;
  while (!level.empty()) {
    sizes.push_back(level.size());
    std::vector<weft::uts::node> next;
    for (const auto& n : level) t.expand(n, next);
    level = next;
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 5, 59, 189, 690, 3043, 12013, 47914}));
}

TEST(visit, goes_on_where_it_stopped) {
  const tree t(parse("-t 1 -a 3 -d 5 -b 4 -r 19"));
  std::vector<weft::uts::node> stack{t.root()};
  tree_counts sum;
  while (!stack.empty()) {
    const tree_counts part = weft::uts::visit(t, stack, 10);
    EXPECT_LE(part.nodes, 10u);
    sum += part;
  }
  EXPECT_EQ(sum, (tree_counts{3987, 3232, 5}));
}

TEST(search, granularity_changes_nothing_but_the_work) {
  EXPECT_EQ(weft::uts::search(tree(parse("-g 3"))), (tree_counts{1732, 1050, 6}));
}

}  // namespace
