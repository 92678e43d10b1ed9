// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <vector>

#include "ledger_records.hpp"
#include "results.hpp"
#include "task.hpp"

namespace weft::farm {

/// The result of a task, as the book has the end of its attempt.
task_result make_result(const task& what, const ended_record& ended);

/// The place of a task in a list. Throws `error` if it is not there: the book belongs to another list.
std::size_t place_in(const std::vector<task>& tasks, std::uint64_t id);

}  // namespace weft::farm
