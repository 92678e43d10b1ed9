// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <string>

namespace weft::mpi {

/// MPI's text for an error code.
std::string error_text(int code);

/// Throws `world_error`: "MPI_Isend: <MPI's text>".
[[noreturn]] void throw_error(int code, const char* call);

/// The text is built only after a failure: a successful call costs one compare.
inline void check(int code, const char* call) {
  if (code != MPI_SUCCESS) [[unlikely]]
    throw_error(code, call);
}

/// False once MPI is finalized: then every handle is gone, and freeing one is an error.
bool mpi_is_running() noexcept;

}  // namespace weft::mpi
