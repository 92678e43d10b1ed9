// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace weft::posix {

/// The supervisor of one rank's tasks: a process between the rank and its tasks, which starts them, takes in what they
/// write, and reports how they ended (task_protocol.hpp has what it reads from standard input and writes to standard
/// output). Returns the exit code of the process, which must have done nothing else.
///
/// It outlives its rank for as long as it takes to end the rank's tasks: standard input ends when the rank does, even
/// by SIGKILL, and then every process below the supervisor is killed, also those that have left their groups and
/// sessions (it is a subreaper). To survive what hits the rank, it has a process group of its own and lets no
/// signal end it but SIGKILL; then the kernel kills the tasks, though not what has left them.
int supervise_tasks() noexcept;

}  // namespace weft::posix
