// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "results_directory.hpp"
#include "tally.hpp"
#include "terminal.hpp"

namespace weft::farm {

/// Why a batch has ended before its tasks were over.
enum class stop_reason : std::uint8_t { none, signal, allocation_ends, too_many_failures };

/// A batch after its end, for those who tell of it.
struct batch_report {
  tally counts{0};
  double seconds = 0;
  int ranks = 1;
  int slots = 1;              ///< of each rank
  int signal = 0;             ///< that has come, or 0
  std::uint64_t skipped = 0;  ///< tasks that wait for ones that failed
  stop_reason reason = stop_reason::none;
  std::vector<int> set_apart = {};  ///< ranks whose node was found sick

  std::uint64_t left() const noexcept { return counts.total() - counts.ended() - skipped; }
};

/// The exit code that follows from it.
int exit_code_of(const batch_report& batch);
/// The same of a batch that does not run now, from its numbers.
int exit_code_of(std::uint64_t failed, std::uint64_t left);

/// Several lines: how many tasks, how many of them failed and which were the first, how long it took, what each rank
/// did (of many ranks the extremes), which took longest, where the results are, and how to go on.
std::string summary_text(const batch_report& batch, const results_directory& directory, const terminal& screen);

/// "exit 3", "signal 9 (Killed)", "time limit (signal 15)".
std::string how_it_ended(const task_result& result);
/// A command on one line of some 40 columns.
std::string shortened(std::string command);

/// For `--json`: tasks succeeded failed killed skipped not_run earlier seconds tasks_per_second slots results signal,
/// and ranks[rank tasks busy_seconds utilisation].
nlohmann::json summary_json(const batch_report& batch, const results_directory& directory);

}  // namespace weft::farm
