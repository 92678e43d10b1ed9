// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weft/world/storage.hpp>

#include "task.hpp"

namespace weft::farm {

/// Reads the first `bytes` of a stored task list (task_json.hpp has its lines); throws `error` if it is shorter or
/// damaged. Without `bytes`, when no record says how many count: all lines before the first that is none.
std::vector<task> read_stored_tasks(storage& files, const std::string& path);
std::vector<task> read_stored_tasks(storage& files, const std::string& path, std::uint64_t bytes);

/// Where a list differs from the one that a batch was begun with. Throws `usage_error` unless `now` begins with all of
/// `before`; `what` says what the list is called.
void check_only_added(const std::vector<task>& before, const std::vector<task>& now, const std::string& what,
                      const std::string& directory);

/// Writes the tasks behind the first `keep` bytes of the file, in place of what is there; returns its new length. The
/// caller has it forced to disk.
std::uint64_t store_tasks(storage& files, const std::string& path, std::uint64_t keep, const std::vector<task>& tasks,
                          std::size_t from);

}  // namespace weft::farm
