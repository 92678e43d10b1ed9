// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/sim/child_script.hpp>

namespace weft::farm {

/// For a simulated farm (`sim::world_options::children`): supervisors of tasks are played by a simulated one, and every
/// task, a shell with its command, does what `tasks` says. Without it each task ends well after a millisecond.
///
/// The simulated supervisor keeps the real one's rules (weft/posix/task_supervisor.hpp): slots, time limits, whose fault
/// a signal is, reports some milliseconds at a time, a lock while tasks may run, and their end after that of the rank.
/// What tasks print is thrown away.
sim::child_scripts with_supervisors(sim::child_scripts tasks = {});

}  // namespace weft::farm
