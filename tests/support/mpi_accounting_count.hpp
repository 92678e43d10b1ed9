// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include "support/mpi_accounting.hpp"

/// For mpi_accounting*.cpp only: how the MPI functions that they define change the counts.
namespace weft::test::detail {

/// Adds `change` to the count of `kind`.
void count(handle_kind kind, long change);

/// Counts a new handle if the call succeeded and gave one; returns the call's code.
inline int made(handle_kind kind, int code, bool given) {
  if (code == MPI_SUCCESS && given) count(kind, 1);
  return code;
}

/// Counts a handle as given back if the call succeeded and there was one; returns the call's code.
inline int freed(handle_kind kind, int code, bool there) {
  if (code == MPI_SUCCESS && there) count(kind, -1);
  return code;
}

}  // namespace weft::test::detail
