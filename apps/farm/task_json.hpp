// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include "task.hpp"

namespace weft::farm {

/// A task as an object on one line:
///
///     {"command": "sim 3", "cwd": "run3", "env": {"OMP_NUM_THREADS": "4"}, "priority": 5, "time_limit": "10m",
///      "retries": 2, "cores": 4, "name": "sim3", "after": ["prep", 1]}
///
/// Only `command` is required; `id` is another word for `name`. Sets everything but the task's `id` and `parents`.
/// Throws `usage_error` that says what is wrong, without the line's number.
task parse_task_json(std::string_view line);

/// The task as it is kept beside its results: such a line, in one form only, with its id as `line` in front, its
/// parents' ids as `after`, and a newline. Equal tasks have equal lines.
std::string stored_line(const task& what);
/// Reads such a line, also a task's `id` and `parents`. Throws `usage_error`.
task parse_stored_line(std::string_view line);

}  // namespace weft::farm
