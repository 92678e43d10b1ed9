// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <string>

#include <weft/sim/shrink.hpp>
#include <weft/sim/trial.hpp>

namespace weft::sim {
namespace {

TEST(sim_run_settings, keep_the_last_value_of_a_key_in_the_first_place) {
  run_settings run("ranks=64,seed=7,,jitter=8us,ranks=32");
  EXPECT_EQ(run.text(), "ranks=32,seed=7,jitter=8us");
  EXPECT_EQ(run.number("ranks", 4), 32u);
  EXPECT_EQ(run.number("pauses", 3), 3u);
  run.set("seed", "");
  EXPECT_FALSE(run.has("seed"));
  run.set("slow", "2");
  EXPECT_EQ(run.text(), "ranks=32,jitter=8us,slow=2");
}

TEST(sim_shrink, finds_the_least_ranks_and_faults_with_a_seed_that_still_fails) {
  // Fails from 3 ranks on with two pauses or more, for one seed in 37.
  const auto fails = [](const run_settings& run) {
    return run.number("ranks", 4) >= 3 && run.number("pauses", 0) >= 2 &&
           run.number("seed", 1) % 37 == run.number("ranks", 4) % 37;
  };
  const run_settings first("ranks=64,seed=27,pauses=9,slow=3,jitter=8us");
  ASSERT_TRUE(fails(first));
  const shrunk_run found = shrink(first, sizes_of(first), 200, fails);
  EXPECT_EQ(found.settings.text(), "ranks=3,seed=3,pauses=2");
  EXPECT_TRUE(fails(found.settings));
  EXPECT_GT(found.trials, 400u);
}

TEST(sim_shrink, leaves_a_run_that_fails_only_as_it_is) {
  const run_settings only("ranks=6,seed=5,kills=100");
  const auto fails = [&](const run_settings& run) { return run.text() == only.text(); };
  EXPECT_EQ(shrink(only, sizes_of(only), 20, fails).settings.text(), only.text());
}

TEST(sim_shrink, gives_words_that_a_shell_reads_back) {
  EXPECT_EQ(shell_word("--tree=T1"), "--tree=T1");
  EXPECT_EQ(shell_word("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(sim_trial, tells_how_a_run_in_its_own_process_failed) {
  static int touched = 0;
  EXPECT_EQ(run_apart([] {
              ++touched;
              return std::string("a line\nand more");
            }),
            "a line\nand more");
  EXPECT_EQ(touched, 0);
  EXPECT_EQ(run_apart([] { return std::string(); }), "");
  EXPECT_EQ(run_apart([]() -> std::string { _exit(5); }), "the process ended with 5");
  EXPECT_EQ(run_apart([]() -> std::string {
              std::raise(SIGKILL);
              return {};
            }),
            "signal 9");
  EXPECT_EQ(without_numbers("rank 12 of 64: 0x1f"), "rank # of #: #x#f");
}

}  // namespace
}  // namespace weft::sim
