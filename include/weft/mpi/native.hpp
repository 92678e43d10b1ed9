// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <weft/comm/communicator.hpp>

namespace weft::mpi {

/// MPI's own communicator behind `comm`, for calls of MPI beside weft's. It stays weft's: not to be freed. A rank that
/// receives from it by raw MPI while receives of weft are pending there may find a message already taken. Local.
/// Throws `not_supported` if the world is not MPI's.
MPI_Comm native(const communicator& comm);

/// Wraps an `MPI_Comm` without duplicating it, for peers that know only the original. Collective over it. It stays the
/// caller's, who frees it after the last copy of the handle is gone, and it keeps its error handler: with MPI's default
/// one, MPI ends the job where a duplicate would give an exception. One handle per communicator (and copies of it).
/// Throws `not_supported` if the world is not MPI's.
communicator attach(loop& on, MPI_Comm comm);

}  // namespace weft::mpi
