// SPDX-License-Identifier: BSL-1.0
#include "farm/summary.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace weft;
using farm::batch_report;
using farm::tally;

class summary_test : public ::testing::Test {
 protected:
  batch_report batch(std::uint64_t total, std::uint64_t ended, std::uint64_t failed, int ranks = 2) const {
    batch_report report;
    report.counts = tally(total);
    for (std::uint64_t id = 1; id <= ended; ++id) {
      const bool fails = id <= failed;
      report.counts.add({id, "run " + std::to_string(id), fails ? 1 : 0, 0, 0.5, static_cast<int>(id % 2), 1}, 1);
    }
    report.seconds = 2;
    report.ranks = ranks;
    return report;
  }
  std::string text(const batch_report& report) { return summary_text(report, directory, {}); }
  static bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  farm::results_directory directory{"d"};
};

TEST_F(summary_test, says_how_many_in_what_time_and_where) {
  const std::string all = text(batch(10, 10, 0));
  EXPECT_TRUE(contains(all, "10 tasks, 0 failed, in 2.00 s: 5.0 tasks/s\n")) << all;
  EXPECT_TRUE(contains(all, "results: d/results.jsonl   output: weft-farm output TASK d\n")) << all;
  EXPECT_TRUE(contains(all, "     0         5       2.50 s   100 %")) << all;
}

TEST_F(summary_test, shows_the_first_failures_and_where_to_look) {
  const std::string all = text(batch(10, 10, 7));
  EXPECT_TRUE(contains(all, "  task 1: exit 1: run 1; see: weft-farm output 1 d\n")) << all;
  EXPECT_TRUE(contains(all, "  and 2 more that failed\n")) << all;
}

TEST_F(summary_test, names_signals_and_cuts_commands) {
  batch_report report = batch(1, 0, 0);
  report.counts.add({1, "a\tb" + std::string(100, 'x'), -1, 9, 0.5, 0, 1}, 1);
  const std::string all = text(report);
  EXPECT_TRUE(contains(all, "  task 1: signal 9 (Killed): a b" + std::string(34, 'x') + "...;")) << all;
}

TEST_F(summary_test, says_when_it_was_stopped) {
  batch_report report = batch(10, 4, 0);
  report.signal = 15;
  report.reason = farm::stop_reason::signal;
  EXPECT_TRUE(contains(text(report), "to go on: the same command again, or: mpirun -n RANKS weft-farm resume d\n"));
  EXPECT_EQ(exit_code_of(report), 4);
  EXPECT_TRUE(contains(text(report), "stopped by signal 15 (Terminated): 6 of 10 tasks have no result\n"));
  EXPECT_EQ(summary_json(report, directory)["not_run"], 6);
}

TEST_F(summary_test, tells_earlier_runs_from_this_one) {
  batch_report report = batch(10, 4, 0);
  report.counts.add_earlier({9, "before", 0, 0, 3.0, 0, 1});
  const std::string all = text(report);
  EXPECT_TRUE(contains(all, "5 tasks, 0 failed: 1 by earlier runs, 4 in 2.00 s: 2.0 tasks/s\n")) << all;
  EXPECT_TRUE(contains(all, "slowest: task 9 3.00 s (before), task")) << all;
}

TEST_F(summary_test, of_many_ranks_only_the_extremes) {
  const std::string all = text(batch(10, 10, 0, 500));
  EXPECT_TRUE(contains(all, " least "));
  EXPECT_TRUE(contains(all, " most "));
  EXPECT_FALSE(contains(all, "\n      17 "));
}

TEST_F(summary_test, nothing_to_do_is_no_table) {
  batch_report report = batch(0, 0, 0);
  report.seconds = 0;
  const std::string all = text(report);
  EXPECT_TRUE(contains(all, "0 tasks, 0 failed"));
  EXPECT_FALSE(contains(all, "rank"));
}

TEST_F(summary_test, json_has_the_documented_keys) {
  const auto json = summary_json(batch(10, 10, 3), directory);
  EXPECT_EQ(json["tasks"], 10);
  EXPECT_EQ(json["succeeded"], 7);
  EXPECT_EQ(json["failed"], 3);
  EXPECT_EQ(json["killed"], 0);
  EXPECT_EQ(json["seconds"], 2.0);
  EXPECT_EQ(json["tasks_per_second"], 5.0);
  EXPECT_EQ(json["set_apart"], nlohmann::json::array());
  EXPECT_EQ(json["ranks"][1]["tasks"], 5);
  EXPECT_EQ(json["ranks"][1]["busy_seconds"], 2.5);
}

}  // namespace
