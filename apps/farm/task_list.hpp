// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weft/world/storage.hpp>

namespace weft::farm {

/// One shell command of a task list.
struct task {
  std::uint64_t id = 0;  ///< its line's number, from 1
  std::string command;
  friend bool operator==(const task&, const task&) = default;
};

/// Parses a task list that comes in pieces of any size: one shell command per line. Blank lines, and lines whose first
/// character that is not blank is `#`, hold no task. Lines end in LF or CRLF and may be of any length; the last one
/// need not end.
class task_parser {
 public:
  /// `name` is what error texts call the list.
  explicit task_parser(std::string name) : name_(std::move(name)) {}

  /// Throws `usage_error` for a line with a NUL byte, which no command can hold.
  void feed(std::string_view piece);
  /// No more pieces come: the tasks in the order of their lines.
  std::vector<task> finish();

 private:
  void end_line();

  std::string name_;
  std::string line_;
  std::uint64_t number_ = 1;
  std::vector<task> tasks_;
};

/// Reads a task file of the shared name space. Throws `usage_error` with one line that says why it cannot be read.
std::vector<task> read_task_list(storage& files, const std::string& path);

}  // namespace weft::farm
