// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/types.h>

#include <weft/posix/file_descriptor.hpp>
#include <weft/world/host.hpp>

namespace weft::posix {

/// A running child process. It leads a process group of its own, so `pid` is the group's number too.
struct spawned {
  pid_t pid = -1;
  file_descriptor pidfd;   ///< readable when the process has ended; empty where the kernel has none (before Linux 5.3)
  file_descriptor output;  ///< nonblocking read end of standard output; empty when it goes to a file
  file_descriptor error;   ///< the same of standard error
  file_descriptor input;   ///< nonblocking write end of standard input; empty when that is /dev/null
};

/// Starts `program` as `child_program` describes. When it cannot be started (no such program, directory or file),
/// throws `world_error` with the step that failed; no process is left then. The kernel kills the child, though not its
/// descendants, when the calling thread ends without having ended the child itself (SIGKILL by a launcher).
spawned spawn(const child_program& program);

/// Closes every descriptor from `first` on. Safe between fork and exec. `close_range` where the kernel has it (Linux
/// 5.9), else `close_listed_from`.
void close_all_from(int first) noexcept;
/// The same by reading `/proc/self/fd`.
void close_listed_from(int first) noexcept;

}  // namespace weft::posix
