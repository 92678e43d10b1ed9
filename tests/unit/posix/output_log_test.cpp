// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>
#include <weft/core/error.hpp>
#include <weft/posix/output_log.hpp>

#include "support/scratch_directory.hpp"

namespace weft::posix {
namespace {

class output_log_test : public ::testing::Test {
 protected:
  static std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

  /// The frame at an offset, its checksum checked, and its piece.
  output_frame frame_at(std::uint64_t offset, std::string& piece) const {
    const std::string log = content(path + ".log");
    output_frame head;
    EXPECT_LE(offset + sizeof head, log.size());
    std::memcpy(&head, log.data() + offset, sizeof head);
    EXPECT_EQ(head.magic, output_frame::magic_number);
    piece = log.substr(offset + sizeof head, head.length);
    EXPECT_EQ(head.checksum, checksum_of(head, bytes(piece)));
    return head;
  }
  /// A stream's text, put together along the chain that ends at `last`.
  std::string text_of(std::uint64_t last, std::uint32_t stream, std::uint64_t task) const {
    std::string text;
    for (std::uint64_t at = last; at != output_frame::none;) {
      std::string piece;
      const output_frame head = frame_at(at, piece);
      EXPECT_EQ(head.task, task);
      if (head.stream == stream) text.insert(0, piece);
      at = head.previous;
    }
    return text;
  }

  testing::scratch_directory folder;
  std::string path = folder.path() + "/node";
};

TEST_F(output_log_test, pieces_of_tasks_that_run_side_by_side_come_out_apart) {
  output_log log(path, 0);
  task_output one{1};
  task_output two{2};
  log.write(one, output_stream::out, bytes("a"));
  log.write(two, output_stream::out, bytes("xyz"));
  log.write(one, output_stream::err, bytes("oh"));
  log.write(one, output_stream::out, bytes("bc"));
  EXPECT_EQ(text_of(one.last, 1, 1), "abc");
  EXPECT_EQ(text_of(one.last, 2, 1), "oh");
  EXPECT_EQ(text_of(two.last, 1, 2), "xyz");
  EXPECT_EQ(one.kept, (std::array<std::uint64_t, 2>{3, 2}));
}

TEST_F(output_log_test, processes_of_a_node_share_the_files) {
  output_log here(path, 0);
  output_log there(path, 0);  // as another process has it: descriptors of its own
  task_output one{1};
  task_output two{2};
  for (int i = 0; i < 3; ++i) {
    here.write(one, output_stream::out, bytes("1"));
    there.write(two, output_stream::out, bytes("2"));
  }
  here.finish(one);
  there.finish(two);
  EXPECT_EQ(text_of(one.last, 1, 1), "111");
  EXPECT_EQ(text_of(two.last, 1, 2), "222");
  EXPECT_EQ(content(path + ".index"),
            "1 1 " + std::to_string(one.last) + " 3 0 0\n2 1 " + std::to_string(two.last) + " 3 0 0\n");
}

TEST_F(output_log_test, what_is_beyond_the_limit_is_counted_only) {
  output_log log(path, 4);
  task_output one{7, 2};
  log.write(one, output_stream::out, bytes("abc"));
  log.write(one, output_stream::err, bytes("def"));
  log.write(one, output_stream::out, bytes("ghi"));
  log.finish(one);
  EXPECT_EQ(text_of(one.last, 1, 7), "abc");
  EXPECT_EQ(text_of(one.last, 2, 7), "d");
  EXPECT_EQ(one.cut, 5U);
  EXPECT_EQ(content(path + ".index"), "7 2 " + std::to_string(one.last) + " 3 1 5\n");
}

TEST_F(output_log_test, silent_tasks_leave_nothing) {
  output_log log(path, 0);
  task_output one{1};
  log.write(one, output_stream::out, {});
  log.finish(one);
  EXPECT_EQ(content(path + ".log"), "");
  EXPECT_EQ(content(path + ".index"), "");
}

TEST_F(output_log_test, a_checksum_covers_head_and_piece) {
  output_log log(path, 0);
  task_output one{1};
  log.write(one, output_stream::out, bytes("abc"));
  std::string piece;
  output_frame head = frame_at(one.last, piece);
  EXPECT_NE(checksum_of(head, bytes("abd")), head.checksum);
  ++head.task;
  EXPECT_NE(checksum_of(head, bytes("abc")), head.checksum);
}

TEST_F(output_log_test, says_which_file_cannot_be_written) {
  try {
    output_log("/nowhere/at/all", 0);
    FAIL();
  } catch (const world_error& refused) {
    EXPECT_NE(std::string(refused.what()).find("/nowhere/at/all.log"), std::string::npos) << refused.what();
  }
}

}  // namespace
}  // namespace weft::posix
