// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <vector>

namespace weft::posix {

/// The children of a process, their children and so on, read from /proc; those that have ended do not count.
std::vector<pid_t> descendants(pid_t of);

/// Kills a process's group and its descendants, wherever they have gone, and the process itself.
void kill_tree(pid_t leader) noexcept;

/// From now on whoever loses its parent below this process becomes its child, instead of init's: nothing below can
/// leave. Throws `world_error`.
void become_subreaper();

/// Kills all descendants of this process, a subreaper, until none is left or `patience` is over.
void kill_all_descendants(std::chrono::milliseconds patience) noexcept;

}  // namespace weft::posix
