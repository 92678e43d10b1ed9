// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>
#include <weft/posix/file_descriptor.hpp>
#include <weft/posix/task_protocol.hpp>

namespace weft::posix {

/// A task's shell, and the reading ends of its output and errors (nonblocking).
struct started_task {
  pid_t pid = -1;
  file_descriptor output;
  file_descriptor error;
};

/// Starts shells for a process whose signals are all blocked and have their default actions, and whose descriptors from
/// 3 on are all closed on exec: so it can do with a tenth of the system calls of `spawn`.
class task_starter {
 public:
  /// Takes the environment as it is now, without other tasks' WEFT_TASK_* variables.
  explicit task_starter(int rank);

  /// `/bin/sh -c COMMAND`, a process group of its own, standard input from /dev/null. Killed by the kernel when this
  /// process ends. Throws `world_error` when it cannot be started.
  started_task start(const supervised_task& task, int slot);

 private:
  std::vector<char*> environment_for(const supervised_task& task);

  std::vector<char*> inherited_;
  std::vector<std::string> own_;  ///< the task's, while it is being started
  std::string rank_;
  file_descriptor nothing_;
};

}  // namespace weft::posix
