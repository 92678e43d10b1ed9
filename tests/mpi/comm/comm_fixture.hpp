// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <weft/async/loop.hpp>
#include <weft/comm/communicator.hpp>
#include <weft/mpi/mpi_transport.hpp>
#include <weft/posix/posix_host.hpp>

#include "support/mpi_test.hpp"

namespace weft::test {

/// Every test has a loop and a communicator of its own on all ranks.
class comm_fixture : public ::testing::Test {
 protected:
  static world make_world() {
    world outside;
    outside.transport = std::make_unique<mpi::mpi_transport>(MPI_COMM_WORLD);
    outside.host = std::make_unique<posix::posix_host>();
    return outside;
  }

  world outside_ = make_world();
  loop on_{outside_};
  communicator comm{on_, world_comm};
  int self = comm.rank();
  int size = comm.size();
  int next = (self + 1) % size;
  int previous = (self + size - 1) % size;
};

}  // namespace weft::test
