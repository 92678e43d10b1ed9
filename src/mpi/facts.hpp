// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <string>
#include <vector>

#include <weft/world/transport.hpp>

namespace weft::mpi {

/// The ranks of `comm` that share this rank's node, ascending. Collective over `comm`.
std::vector<int> find_node_ranks(MPI_Comm comm);

/// Facts about the MPI library. One rank.
transport_limits find_limits(MPI_Comm comm);
std::string describe_library();

}  // namespace weft::mpi
