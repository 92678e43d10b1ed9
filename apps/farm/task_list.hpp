// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weft/world/storage.hpp>

#include "task.hpp"

namespace weft::farm {

/// Parses a task list that comes in pieces of any size: one task per line, a shell command or, if the first task's line
/// begins with `{"` or the list's name ends in `.jsonl` or `.ndjson`, a JSON object (task_json.hpp). Blank lines, and
/// lines whose first character that is not blank is `#`, hold no task. Lines end in LF or CRLF and may be of any
/// length; the last one need not end.
class task_parser {
 public:
  /// `name` is what error texts call the list.
  explicit task_parser(std::string name);

  /// Throws `usage_error` with the line's number: a NUL byte, which no command can hold, or what is no task's object.
  void feed(std::string_view piece);
  /// No more pieces come: the tasks in the order of their lines, linked to those that they come after.
  std::vector<task> finish();

 private:
  enum class form : std::uint8_t { unknown, commands, objects };
  void end_line();
  void add(std::string_view line);

  std::string name_;
  std::string line_;
  std::uint64_t number_ = 1;
  form form_ = form::unknown;
  std::vector<task> tasks_;
};

/// Reads a task file of the shared name space. Throws `usage_error` with one line that says what is wrong.
std::vector<task> read_task_list(storage& files, const std::string& path);

}  // namespace weft::farm
