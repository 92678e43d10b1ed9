// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "harness.hpp"

namespace weft::bench {

/// Case `farm`: launches `mpirun -n 2 weft-farm run` on a list of `true` again and again, with its journal and the
/// capture of output, in turn with what else runs such a list: xargs, two at a time, each in a shell as the farm has it
/// (`xargs_sh`) or as a program (`xargs`), and GNU parallel where that is installed. Nanoseconds are per task, starting
/// and ending of the launcher included. Called before MPI is initialised, by a process that no launcher started.
std::vector<row> farm(const std::string& farm_program, bool quick);

}  // namespace weft::bench
