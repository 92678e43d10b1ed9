// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <string>
#include <vector>

#include <weft/world/transport.hpp>

namespace weft::mpi {

struct node_members {
  std::vector<int> ranks;  ///< of the communicator asked for, ascending
  int processors = 1;      ///< that at least one of them may run on: a rank bound to one of its own is not crowded
};

/// The ranks of `comm` that share this rank's node. Collective over `comm`.
node_members find_node_members(MPI_Comm comm);

/// Facts about the MPI library. One rank.
transport_limits find_limits(MPI_Comm comm);
std::string describe_library();

/// The handle that MPI gives for a message that has left when the call returns, if it has one for all of them, which is
/// never freed (Open MPI); else MPI_REQUEST_NULL, which no started operation has. One rank.
MPI_Request find_done_request();

}  // namespace weft::mpi
