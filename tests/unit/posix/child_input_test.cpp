// SPDX-License-Identifier: BSL-1.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <vector>
#include <weft/posix/child_input.hpp>

namespace weft::posix {
namespace {

class child_input_test : public ::testing::Test {
 protected:
  child_input_test() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    reading.reset(ends[0]);
    input = child_input(file_descriptor(ends[1]));
  }
  /// What is there now; "." behind it at the end of the stream.
  std::string read_all() {
    std::string text;
    char piece[4096];
    ssize_t got = 0;
    while ((got = ::read(reading.get(), piece, sizeof piece)) > 0) text.append(piece, static_cast<std::size_t>(got));
    return got == 0 ? text + "." : text;
  }
  bool give(const std::string& text) { return input.give(std::as_bytes(std::span(text))); }

  file_descriptor reading;
  child_input input;
};

TEST_F(child_input_test, what_the_pipe_takes_is_written_at_once) {
  EXPECT_TRUE(give("ab"));
  EXPECT_TRUE(give("c"));
  EXPECT_FALSE(input.waits());
  EXPECT_EQ(read_all(), "abc");
}

TEST_F(child_input_test, the_rest_is_kept_in_order) {
  std::string all(1 << 20, 'x');
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>('a' + i % 23);
  EXPECT_TRUE(give(all));
  ASSERT_TRUE(input.waits());
  EXPECT_TRUE(give("tail"));
  std::string got;
  for (int rounds = 0; input.waits() && rounds < 1000; ++rounds) {
    got += read_all();
    input.write_more();
  }
  got += read_all();
  EXPECT_TRUE(got == all + "tail");
}

TEST_F(child_input_test, ends_behind_what_was_given) {
  const std::string all(1 << 20, 'x');
  EXPECT_TRUE(give(all));
  input.end();
  EXPECT_FALSE(give("late"));
  std::string got;
  for (int rounds = 0; input.waits() && rounds < 1000; ++rounds) {
    got += read_all();
    input.write_more();
  }
  got += read_all();
  EXPECT_EQ(got.size(), all.size() + 1);
  EXPECT_EQ(got.back(), '.');
}

TEST_F(child_input_test, ends_at_once_when_nothing_is_kept) {
  EXPECT_TRUE(give("a"));
  input.end();
  EXPECT_EQ(read_all(), "a.");
}

/// By SIGPIPE this test would end.
TEST_F(child_input_test, a_child_that_reads_no_more_is_no_harm) {
  reading.reset();
  EXPECT_FALSE(give("a"));
  EXPECT_FALSE(input.waits());
  EXPECT_FALSE(give("b"));
}

TEST(child_input_without_pipe, takes_nothing) {
  child_input none;
  EXPECT_FALSE(none.give({}));
  none.end();
  EXPECT_FALSE(none.waits());
}

}  // namespace
}  // namespace weft::posix
