// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <boost/mpi/communicator.hpp>

#include <weft/core/config.hpp>
#include <weft/port/context.hpp>
#include <weft/world/world.hpp>

/// Makes `weft::context ctx(comm)` take any `MPI_Comm` or `boost::mpi::communicator`. Collective over it; the context
/// works on duplicates, and the caller's communicator and its error handler stay as they are.
namespace weft {

template <>
struct world_from<MPI_Comm> {
  /// With the settings of this process's environment.
  static world make(MPI_Comm comm);
  static world make(MPI_Comm comm, const settings& values);
};

template <>
struct world_from<boost::mpi::communicator> {
  static world make(const boost::mpi::communicator& comm) { return world_from<MPI_Comm>::make(comm); }
  static world make(const boost::mpi::communicator& comm, const settings& values) {
    return world_from<MPI_Comm>::make(comm, values);
  }
};

}  // namespace weft
