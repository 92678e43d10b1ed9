// SPDX-License-Identifier: BSL-1.0
#include "ledger_results.hpp"

#include <algorithm>
#include <string>

#include <weft/core/error.hpp>

namespace weft::farm {
namespace {

double to_seconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) * 1e-9; }

}  // namespace

task_result make_result(const task& what, const ended_record& ended) {
  task_result result;
  result.id = what.id;
  result.command = what.command;
  result.name = what.name;
  result.exit = ended.end.exit_code;
  result.signal = ended.end.signal;
  result.seconds = to_seconds(ended.end.length);
  result.start = to_seconds(ended.end.start);
  result.rank = ended.rank;
  result.slot = ended.end.slot;
  result.attempt = static_cast<int>(ended.end.attempt);
  result.timed_out = ended.end.outcome == posix::task_outcome::timed_out;
  return result;
}

std::size_t place_in(const std::vector<task>& tasks, std::uint64_t id) {
  const auto before = [](const task& one, std::uint64_t number) { return one.id < number; };
  const auto found = std::lower_bound(tasks.begin(), tasks.end(), id, before);
  if (found == tasks.end() || found->id != id) {
    throw error("the journal knows a task " + std::to_string(id) + ", which is not in the list");
  }
  return static_cast<std::size_t>(found - tasks.begin());
}

}  // namespace weft::farm
