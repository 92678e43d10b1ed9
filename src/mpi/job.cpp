// SPDX-License-Identifier: BSL-1.0
#include <weft/mpi/job.hpp>

#include <weft/mpi/context.hpp>

namespace weft::mpi {

world job_world(const settings& values) { return world_from<MPI_Comm>::make(MPI_COMM_WORLD, values); }

}  // namespace weft::mpi
