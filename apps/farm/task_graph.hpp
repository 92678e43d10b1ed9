// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "task.hpp"

namespace weft::farm {

/// Finds the tasks that `after` names: by name, else by line number. Throws `usage_error` with the line, for a list
/// called `list`, if a name stands for two tasks or none, or if tasks wait for each other in a circle.
void link(std::vector<task>& tasks, const std::string& list);

}  // namespace weft::farm
