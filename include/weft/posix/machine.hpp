// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <weft/world/host.hpp>

namespace weft::posix {

/// Processors that this process may use. `root` is put before `/proc` and `/sys` (tests plant their own files).
cpu_facts read_cpus(const std::string& root = {});

/// Processors granted by the cgroup's CPU quota, version 1 or 2, the tightest up to the root of the tree, rounded up;
/// nothing without a limit.
std::optional<int> cgroup_cpu_limit(const std::string& root = {});

/// Name, memory and process number; memory is the smaller of the machine's and the cgroup's limit.
node_facts read_node(const std::string& root = {});

/// When the batch system ends this job, in the time of steady_clock: SLURM_JOB_END_TIME or COBALT_ENDTIME (seconds
/// since 1970). Variables that give only a length (PBS_WALLTIME) are not used: without the job's start they would
/// promise time that is not there.
std::optional<time_point> read_allocation_end();

}  // namespace weft::posix
