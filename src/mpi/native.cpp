// SPDX-License-Identifier: BSL-1.0
#include <weft/mpi/native.hpp>

#include <weft/core/error.hpp>
#include <weft/mpi/mpi_transport.hpp>

namespace weft::mpi {

namespace {

mpi_transport& transport_of(loop& on) {
  auto* found = dynamic_cast<mpi_transport*>(&on.transport());
  if (found == nullptr) throw not_supported("MPI communicators");
  return *found;
}

}  // namespace

MPI_Comm native(const communicator& comm) { return transport_of(comm.on()).native(comm.id()); }

communicator attach(loop& on, MPI_Comm comm) { return communicator::owning(on, transport_of(on).adopt(comm, false)); }

}  // namespace weft::mpi
