// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <weft/world/host.hpp>
#include <weft/world/storage.hpp>
#include <weft/world/transport.hpp>

namespace weft {

/// Everything a rank knows of the outside.
struct world {
  std::unique_ptr<weft::transport> transport;
  std::unique_ptr<weft::host> host;
  std::unique_ptr<weft::storage> storage;
};

/// How a context is made from something that belongs to an implementation: specialised by the bridge headers (for
/// `MPI_Comm` and `boost::mpi::communicator` in `weft/mpi/context.hpp`), with `static world make(const Native&)` and
/// `static world make(const Native&, const settings&)`.
template <class Native>
struct world_from;

}  // namespace weft
