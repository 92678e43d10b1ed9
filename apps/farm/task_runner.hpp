// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <vector>

#include <weft/async/child.hpp>
#include <weft/async/scope.hpp>
#include <weft/async/task.hpp>

#include "results.hpp"
#include "slot_output.hpp"
#include "task_program.hpp"

namespace weft::farm {

/// Runs tasks as child programs of this rank, and stops them all when the batch is to end early.
class task_runner {
 public:
  explicit task_runner(loop& on) : on_(on), killers_(on) {}

  /// Runs one task to its end. Nothing if it was stopped: then it has no result. A task that cannot be started because
  /// of its command (too long for the system) fails with exit code 126, as a shell would say it; when the system is
  /// short of processes or memory, it waits. Throws `error` where the rank is at fault (a full disk, say).
  weft::task<std::optional<task_result>> run(const task& what, task_place where, slot_output& output);

  /// Tasks that run now get SIGTERM and, half a second later, SIGKILL. Launchers give a rank little more than that.
  void stop();
  bool stopping() const noexcept { return stopping_; }

 private:
  class watched;
  weft::task<std::optional<child_status>> run_child(const child_program& program, slot_output& output);
  void kill_all(int signal);
  weft::task<> kill_later();

  loop& on_;
  std::vector<child_process*> running_;
  bool stopping_ = false;
  scope killers_;
};

}  // namespace weft::farm
