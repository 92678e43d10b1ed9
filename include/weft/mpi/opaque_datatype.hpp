// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <cstdint>

#include <weft/world/datatype.hpp>

namespace weft::mpi {

/// Describes memory by an MPI datatype that the caller made (committed, and alive as long as it is used). One rank.
/// Throws `world_error` for an invalid handle.
datatype opaque_datatype(MPI_Datatype type);

/// MPI's handle within an opaque datatype.
MPI_Datatype native_datatype(const datatype& type) noexcept;

}  // namespace weft::mpi
