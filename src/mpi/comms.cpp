// SPDX-License-Identifier: BSL-1.0
#include <weft/mpi/mpi_transport.hpp>

#include "mpi/transport_state.hpp"

namespace weft::mpi {

MPI_Comm mpi_transport::native(comm_id comm) const { return state_->comms.native(comm); }
comm_id mpi_transport::adopt(MPI_Comm comm, bool owned) { return state_->comms.add(comm, owned); }

op_number mpi_transport::split(comm_id comm, int color, int key, void* token, completion&) {
  return state_->jobs.split(comm, color, key, token);
}

op_number mpi_transport::dup(comm_id comm, void* token, completion&) { return state_->jobs.dup(comm, token); }

void mpi_transport::free_comm(comm_id comm) { state_->comms.free(comm); }

}  // namespace weft::mpi
