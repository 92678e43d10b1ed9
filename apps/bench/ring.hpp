// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <weft/port/context.hpp>

#include "harness.hpp"

namespace weft::bench {

/// One launch of the ring: a token goes round `hops` times by awaited futures, or by raw MPI_Send and MPI_Recv. Prints
/// nothing; returns nanoseconds per hop (rank 0).
double ring_ours(context& ctx, int hops);
double ring_raw(MPI_Comm comm, int hops);

/// Case `ring4`: launches this program under `mpirun -n 4` again and again, in turn with weft, with raw MPI that spins,
/// and with raw MPI that yields. Called before MPI is initialised, by a process that no launcher started.
std::vector<row> ring4(const std::string& program);

}  // namespace weft::bench
