// SPDX-License-Identifier: BSL-1.0
#include "mpi/comm_table.hpp"

#include <string>

#include <weft/core/error.hpp>

#include "mpi/error.hpp"

namespace weft::mpi {

comm_table::~comm_table() {
  if (!mpi_is_running()) return;
  for (std::size_t i = natives_.size(); i-- > 0;) {
    if (natives_[i] != MPI_COMM_NULL) free_handles(i);
  }
}

comm_id comm_table::add(MPI_Comm comm, bool owned) {
  MPI_Comm control = MPI_COMM_NULL;
  check(MPI_Comm_dup(comm, &control), "MPI_Comm_dup");
  return add(comm, control, owned);
}

comm_id comm_table::add(MPI_Comm comm, MPI_Comm control, bool owned) {
  entry e{control, 0, 0, owned};
  check(MPI_Comm_rank(comm, &e.rank), "MPI_Comm_rank");
  check(MPI_Comm_size(comm, &e.size), "MPI_Comm_size");
  check(MPI_Comm_set_errhandler(control, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  if (free_ids_.empty()) {
    natives_.push_back(comm);
    entries_.push_back(e);
    return static_cast<comm_id>(natives_.size() - 1);
  }
  const comm_id id = free_ids_.back();
  free_ids_.pop_back();
  natives_[static_cast<std::size_t>(id)] = comm;
  entries_[static_cast<std::size_t>(id)] = e;
  return id;
}

void comm_table::free(comm_id id) {
  at(id);
  free_handles(static_cast<std::size_t>(id));
  free_ids_.push_back(id);
}

void comm_table::free_handles(std::size_t index) noexcept {
  MPI_Comm_free(&entries_[index].control);
  if (entries_[index].owned) MPI_Comm_free(&natives_[index]);
  natives_[index] = MPI_COMM_NULL;
}

const comm_table::entry& comm_table::at(comm_id id) const {
  const auto index = static_cast<std::size_t>(id);
  if (index >= natives_.size() || natives_[index] == MPI_COMM_NULL) [[unlikely]]
    throw_unknown(id);
  return entries_[index];
}

void comm_table::throw_unknown(comm_id id) {
  throw world_error("no communicator " + std::to_string(static_cast<std::uint32_t>(id)), MPI_ERR_COMM);
}

}  // namespace weft::mpi
