// SPDX-License-Identifier: BSL-1.0
#include "farm/task_list.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include <weft/core/error.hpp>

#include "support/fake_storage.hpp"

namespace {

using weft::farm::task;
using weft::farm::task_parser;
using tasks = std::vector<task>;

tasks parse(std::string_view text, std::size_t piece = std::string_view::npos) {
  task_parser parser("list");
  while (!text.empty()) {
    parser.feed(text.substr(0, piece));
    text.remove_prefix(std::min(piece, text.size()));
  }
  return parser.finish();
}

TEST(task_parser, numbers_tasks_by_their_lines) {
  EXPECT_EQ(parse("echo a\n\n# note\n  \t\n  # indented note\necho b # not a note\n"),
            (tasks{{1, "echo a"}, {6, "echo b # not a note"}}));
}

TEST(task_parser, the_last_line_need_not_end) {
  EXPECT_EQ(parse("a\nb"), (tasks{{1, "a"}, {2, "b"}}));
  EXPECT_EQ(parse(""), tasks{});
  EXPECT_EQ(parse("# only\n"), tasks{});
}

TEST(task_parser, takes_files_of_windows_editors) {
  EXPECT_EQ(parse("\xef\xbb\xbf"
                  "a b\r\n\r\n# c\r\nd\r\n"),
            (tasks{{1, "a b"}, {4, "d"}}));
}

TEST(task_parser, keeps_commands_as_they_are) {
  EXPECT_EQ(parse("  a  \n\tb\r\r\n"), (tasks{{1, "  a  "}, {2, "\tb\r"}}));
}

TEST(task_parser, pieces_of_any_size_give_the_same_tasks) {
  const std::string text = "one\r\ntwo\n#\n\nthree";
  for (std::size_t piece = 1; piece < text.size(); ++piece) EXPECT_EQ(parse(text, piece), parse(text)) << piece;
}

TEST(task_parser, lines_may_be_very_long) {
  const std::string line(3'000'000, 'x');
  EXPECT_EQ(parse(line + "\n" + line, 65536), (tasks{{1, line}, {2, line}}));
}

TEST(task_parser, a_nul_byte_is_refused_with_its_line) {
  using namespace std::string_view_literals;
  try {
    parse("a\nb\0c\n"sv);
    FAIL() << "accepted";
  } catch (const weft::usage_error& e) {
    EXPECT_STREQ(e.what(), "line 2 of the task list 'list' holds a NUL byte; is it a text file?");
  }
}

struct read_task_list : ::testing::Test {
  std::shared_ptr<weft::testing::fake_disk> disk = std::make_shared<weft::testing::fake_disk>();
  weft::testing::fake_storage files{disk, disk, [] { return weft::time_point{}; }};

  void write(const std::string& path, std::string_view text) {
    weft::file_id file = weft::file_id::none;
    ASSERT_TRUE(files.open(weft::file_space::shared, path, weft::open_mode::create, file));
    ASSERT_TRUE(files.write(file, 0, std::as_bytes(std::span(text))));
    files.close(file);
  }
  std::string failure(const std::string& path) {
    try {
      weft::farm::read_task_list(files, path);
    } catch (const weft::usage_error& e) {
      return e.what();
    }
    return "";
  }
};

TEST_F(read_task_list, reads_a_file_longer_than_one_piece) {
  std::string text;
  for (int i = 1; i <= 20000; ++i) text += "echo " + std::to_string(i) + "\n";
  write("tasks", text);
  const tasks all = weft::farm::read_task_list(files, "tasks");
  ASSERT_EQ(all.size(), 20000u);
  EXPECT_EQ(all[19999], (task{20000, "echo 20000"}));
}

TEST_F(read_task_list, says_why_a_file_cannot_be_read) {
  EXPECT_EQ(failure("nowhere"), "cannot read the task list 'nowhere': No such file or directory");
  ASSERT_TRUE(files.make_directory(weft::file_space::shared, "folder"));
  EXPECT_EQ(failure("folder"), "cannot read the task list 'folder': Is a directory");
}

}  // namespace
