// SPDX-License-Identifier: BSL-1.0
#include "uts/options.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <string>

#include "uts/published.hpp"

namespace {

using weft::uts::tree_parameters;

tree_parameters parse(const std::string& arguments) {
  CLI::App program;
  weft::uts::tree_options options;
  weft::uts::add_tree_options(program, options);
  program.parse(arguments);
  return options.parameters();
}

std::string failure(const std::string& arguments) {
  try {
    parse(arguments);
  } catch (const CLI::ParseError& e) {
    return e.what();
  }
  return {};
}

TEST(tree_options, defaults_are_those_of_the_distribution) { EXPECT_EQ(parse(""), tree_parameters{}); }

TEST(tree_options, every_option_is_understood) {
  tree_parameters p;
  p.type = weft::uts::tree_type::hybrid;
  p.shape = weft::uts::tree_shape::cyclic;
  p.depth = 16;
  p.branching = 6.5;
  p.seed = -3;
  p.probability = 0.25;
  p.children = 7;
  p.shift = 0.75;
  p.granularity = 9;
  EXPECT_EQ(parse("-t 2 -a 2 -d 16 -b 6.5 -r -3 -q 0.25 -m 7 -f 0.75 -g 9"), p);
}

TEST(tree_options, published_trees_have_names_and_the_options_that_define_them) {
  const auto named = [](const char* name) { return weft::uts::find_published(name)->parameters; };
  EXPECT_EQ(parse("--tree T1"), named("T1"));
  EXPECT_EQ(parse("--tree t3xxl"), named("T3XXL"));
  EXPECT_EQ(parse("-t 1 -a 3 -d 10 -b 4 -r 19"), named("T1"));
  EXPECT_EQ(parse("-t 1 -a 2 -d 16 -b 6 -r 502"), named("T2"));
  EXPECT_EQ(parse("-t 0 -b 2000 -q 0.124875 -m 8 -r 42"), named("T3"));
  EXPECT_EQ(parse("-t 2 -a 0 -d 16 -b 6 -r 1 -q 0.234375 -m 4 -r 1"), named("T4"));
  EXPECT_EQ(parse("-t 1 -a 0 -d 20 -b 4 -r 34"), named("T5"));
  EXPECT_EQ(parse("-t 0 -b 2000 -q 0.4999999995 -m 2 -r 559"), named("T2WL"));
}

TEST(tree_options, the_last_value_wins_and_options_refine_a_named_tree) {
  EXPECT_EQ(parse("-r 3 -r 5").seed, 5);
  tree_parameters p = weft::uts::find_published("T1")->parameters;
  p.granularity = 10;
  EXPECT_EQ(parse("--tree T1 -g 10"), p);
  EXPECT_EQ(weft::uts::find_published(p)->name, "T1");
}

TEST(tree_options, bad_values_are_refused_with_a_reason) {
  EXPECT_NE(failure("--tree T9").find("no such tree: 'T9'"), std::string::npos);
  EXPECT_NE(failure("--tree T9").find("T3XXL"), std::string::npos);
  for (const char* bad :
       {"-t 4", "-a -1", "-d 0", "-b -1", "-q 1.5", "-m x", "-f 2", "-g 0", "-r 5000000000", "--frob"}) {
    EXPECT_NE(failure(bad), "") << bad;
  }
}

}  // namespace
