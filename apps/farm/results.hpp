// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>

namespace weft::farm {

/// How one attempt at a task ended.
struct task_result {
  std::uint64_t id = 0;  ///< the task's line number
  std::string command;
  int exit = -1;       ///< exit code; -1 when it was ended by a signal
  int signal = 0;      ///< 0 when it exited
  double seconds = 0;  ///< from its start to its end
  int rank = 0;        ///< that ran it
  int attempt = 1;
  std::string name = {};   ///< of the task, if it has one
  double start = 0;        ///< seconds since 1970
  int slot = 0;            ///< of its rank
  bool timed_out = false;  ///< was ended because its time limit had passed

  bool succeeded() const noexcept { return exit == 0 && signal == 0 && !timed_out; }
};

/// The line of `results.jsonl` with its newline: an object with the keys `id command exit signal seconds rank attempt`
/// in this order, then `name` if the task has one, and `timed_out` if it was. `exit` is null when a signal ended the
/// task, `signal` is null when none did. Bytes of a command that are not UTF-8, which JSON cannot hold, become U+FFFD.
std::string result_line(const task_result& result);

}  // namespace weft::farm
