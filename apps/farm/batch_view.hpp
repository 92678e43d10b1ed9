// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <weft/world/storage.hpp>

#include "history.hpp"
#include "results_directory.hpp"
#include "task.hpp"

namespace weft::farm {

/// A batch as its directory shows it, whether it runs now or not. Nothing is changed by looking.
struct batch_view {
  std::vector<task> tasks;
  history past;
  bool is_running = false;  ///< some process of it lives
};

/// Reads a batch, in plain code. Throws `usage_error` if there is none, `journal_damaged`.
batch_view look_at_batch(storage& files, const results_directory& directory);

/// What a task is, by what is known of the others.
enum class task_standing : std::uint8_t { done, failed, skipped, running, lost, waiting, blocked };
const char* name_of(task_standing standing) noexcept;
/// Of all tasks, in their order. `lost`: was begun, and nothing was heard of it again.
std::vector<task_standing> standings_of(const batch_view& batch);

/// The directory that a user means by DIR, by the name of a task list, or by nothing where there is one directory
/// `*.weft` only. Throws `usage_error`.
std::string find_directory(storage& files, const std::string& given);

}  // namespace weft::farm
