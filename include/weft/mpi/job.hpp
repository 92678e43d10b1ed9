// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/core/config.hpp>
#include <weft/world/world.hpp>

namespace weft::mpi {

/// The world of all processes of this job (a duplicate of `MPI_COMM_WORLD`), for those that must not see MPI's header.
/// Collective; MPI is initialised.
world job_world(const settings& values);

}  // namespace weft::mpi
