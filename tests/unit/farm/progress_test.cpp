// SPDX-License-Identifier: BSL-1.0
#include "farm/progress.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "support/fake_host.hpp"

namespace {

using namespace weft;
using farm::progress;
using farm::tally;

tally after(std::uint64_t total, std::uint64_t ended, std::uint64_t failed) {
  tally counts(total);
  for (std::uint64_t id = 1; id <= ended; ++id) counts.add({id, "c", id <= failed ? 1 : 0, 0, 0.1, 0, 1}, 0.1);
  return counts;
}

class progress_test : public ::testing::Test {
 protected:
  std::shared_ptr<weft::testing::fake_host_state> state = std::make_shared<weft::testing::fake_host_state>();
  weft::testing::fake_host host{state};
  const std::string& shown = state->error_output;
};

TEST(progress_text, guesses_the_time_left_once_there_is_enough_to_guess_from) {
  EXPECT_EQ(farm::progress_text(after(200, 2, 0), 1), "2/200 tasks");
  EXPECT_EQ(farm::progress_text(after(200, 20, 3), 4), "20/200 tasks, 3 failed, 5.0 tasks/s, 0:36 left");
  EXPECT_EQ(farm::progress_text(after(100'000, 20, 0), 4), "20/100000 tasks, 5.0 tasks/s, 5:33:16 left");
}

TEST(progress_bar, is_as_full_as_the_part) {
  EXPECT_EQ(farm::progress_bar(0, 4), "[----] ");
  EXPECT_EQ(farm::progress_bar(0.5, 4), "[##--] ");
  EXPECT_EQ(farm::progress_bar(1, 4), "[####] ");
}

TEST_F(progress_test, without_a_terminal_a_line_every_ten_seconds) {
  progress shows(host, progress_mode::automatic);
  const tally counts = after(10, 5, 0);
  shows.update(counts, 9.9);
  EXPECT_EQ(shown, "");
  shows.update(counts, 10);
  shows.update(counts, 15);
  EXPECT_EQ(shown, "weft-farm: 5/10 tasks, 0.5 tasks/s, 0:10 left\n");
  shows.finish();
  EXPECT_EQ(shown.back(), '\n');
}

TEST_F(progress_test, on_a_terminal_a_bar_that_is_taken_away_at_the_end) {
  state->is_terminal = true;
  progress shows(host, progress_mode::automatic);
  const tally counts = after(10, 5, 0);
  shows.update(counts, 1);
  EXPECT_EQ(shown, "\r[############------------] 5/10 tasks, 5.0 tasks/s, 0:01 left\x1b[K");
  shows.update(counts, 1.1);  // too soon
  const auto length = shown.size();
  shows.finish();
  EXPECT_EQ(shown.substr(length), "\r\x1b[K");
}

TEST_F(progress_test, none_is_silent_and_line_does_not_ask_for_a_terminal) {
  state->is_terminal = true;
  const tally counts = after(10, 5, 0);
  progress none(host, progress_mode::none);
  none.update(counts, 100);
  none.finish();
  EXPECT_EQ(shown, "");
  progress line(host, progress_mode::line);
  line.update(counts, 100);
  EXPECT_EQ(shown.rfind("weft-farm: ", 0), 0U);
}

}  // namespace
