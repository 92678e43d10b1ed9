// SPDX-License-Identifier: BSL-1.0
#include "stored_tasks.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <system_error>

#include <weft/core/error.hpp>

#include "task_json.hpp"
#include "text_file.hpp"

namespace weft::farm {

std::vector<task> read_stored_tasks(storage& files, const std::string& path) {
  return read_stored_tasks(files, path, std::numeric_limits<std::uint64_t>::max());
}

std::vector<task> read_stored_tasks(storage& files, const std::string& path, std::uint64_t bytes) {
  const std::string content = read_text_file(files, path, "the task list of the batch");
  const bool has_end = bytes != std::numeric_limits<std::uint64_t>::max();
  if (has_end && content.size() < bytes) throw error("'" + path + "' is shorter than its journal says");
  const std::string_view all = std::string_view(content).substr(0, has_end ? bytes : content.size());
  std::vector<task> tasks;
  for (std::size_t from = 0; from < all.size();) {
    const std::size_t end = all.find('\n', from);
    if (end == std::string_view::npos && !has_end) break;  // torn; nothing counts on it
    try {
      tasks.push_back(parse_stored_line(all.substr(from, end - from)));
    } catch (const usage_error& wrong) {
      if (!has_end) break;  // not on the disk when the power failed: nothing counts on it
      throw error("'" + path + "' is damaged: " + wrong.what());
    }
    from = end == std::string_view::npos ? all.size() : end + 1;
  }
  return tasks;
}

void check_only_added(const std::vector<task>& before, const std::vector<task>& now, const std::string& what,
                      const std::string& directory) {
  const auto refuse = [&](std::uint64_t line, const char* how) {
    throw usage_error("line " + std::to_string(line) + " of " + what + " " + how + " since its batch in '" + directory +
                      "' was begun: lines may only be added at the end; use another directory (--results DIR), or give "
                      "the batch up (--overwrite)");
  };
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (i == now.size()) refuse(before[i].id, "was removed");
    if (stored_line(before[i]) != stored_line(now[i])) refuse(std::min(before[i].id, now[i].id), "has changed");
  }
}

std::uint64_t store_tasks(storage& files, const std::string& path, std::uint64_t keep, const std::vector<task>& tasks,
                          std::size_t from) {
  constexpr std::size_t piece = std::size_t{1} << 20;
  const auto check = [&](storage_result result) {
    if (!result) throw error("cannot write '" + path + "': " + std::generic_category().message(result.code));
  };
  file_id file = file_id::none;
  check(files.open(file_space::shared, path, open_mode::create, file));
  std::uint64_t end = keep;
  try {
    check(files.truncate(file, keep));
    std::string text;
    for (; from < tasks.size(); ++from) {
      text += stored_line(tasks[from]);
      if (text.size() < piece && from + 1 < tasks.size()) continue;
      check(files.write(file, end, std::as_bytes(std::span(text))));
      end += text.size();
      text.clear();
    }
  } catch (...) {
    files.close(file);
    throw;
  }
  files.close(file);
  return end;
}

}  // namespace weft::farm
