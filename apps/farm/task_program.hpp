// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <weft/world/host.hpp>

#include "task_list.hpp"

namespace weft::farm {

/// Where an attempt at a task runs.
struct task_place {
  int rank = 0;
  int slot = 0;  ///< which of the rank's tasks that run at the same time
  int attempt = 1;
};

/// The program of a task: `/bin/sh -c COMMAND` with output and errors in these files. It knows itself by the variables
/// WEFT_TASK_ID, WEFT_TASK_LINE (both its line's number), WEFT_TASK_ATTEMPT, WEFT_TASK_RANK and WEFT_TASK_SLOT. The
/// launcher's variables (OMPI_*, PMIX_*, PMI_*) are kept from it: a task that is itself an MPI program would take
/// itself for a rank of this job, and abort.
child_program task_program(const task& what, const task_place& where, std::string output_file, std::string error_file);

}  // namespace weft::farm
