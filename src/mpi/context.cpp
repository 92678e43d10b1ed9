// SPDX-License-Identifier: BSL-1.0
#include <weft/mpi/context.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>

#include <weft/core/error.hpp>
#include <weft/mpi/mpi_transport.hpp>
#include <weft/posix/file_storage.hpp>
#include <weft/posix/posix_host.hpp>

namespace weft {

namespace {

/// An empty turn of the loop takes about 50 ns.
constexpr std::uint64_t turns_per_microsecond = 20;

world make_world(MPI_Comm comm, std::unique_ptr<posix::posix_host> host, const settings& values) {
  if (host->variable("WEFT_SIM")) {
    throw usage_error("WEFT_SIM is set, but this program makes its context from an MPI communicator, which the simulator "
                      "has not; let weft::run make the context, or unset WEFT_SIM");
  }
  mpi::idle_policy idle;
  if (values.idle_spin) {
    idle.spin_turns = static_cast<std::uint64_t>(values.idle_spin->count()) * turns_per_microsecond;
    idle.spin_turns = std::max<std::uint64_t>(idle.spin_turns, 1);  // 0 leaves the choice to the transport
    idle.yields = values.idle_spin->count() != 0;
  }
  idle.max_sleep = values.idle_sleep_max;
  posix::file_storage_options storage;
  storage.wake = [](void* self) { static_cast<weft::host*>(self)->wake(); };
  storage.wake_self = static_cast<weft::host*>(host.get());
  world made;
  made.transport = std::make_unique<mpi::mpi_transport>(comm, mpi::ownership::duplicate, idle);
  made.storage = std::make_unique<posix::file_storage>(storage);
  made.host = std::move(host);
  return made;
}

}  // namespace

world world_from<MPI_Comm>::make(MPI_Comm comm) {
  auto host = std::make_unique<posix::posix_host>();
  const config from_environment(environment_of(*host));
  return make_world(comm, std::move(host), from_environment.values());
}

world world_from<MPI_Comm>::make(MPI_Comm comm, const settings& values) {
  return make_world(comm, std::make_unique<posix::posix_host>(), values);
}

}  // namespace weft
