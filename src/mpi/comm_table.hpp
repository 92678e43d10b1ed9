// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include <weft/world/transport.hpp>

namespace weft::mpi {

/// Communicators by number.
///
/// Beside each stands a private duplicate, `control`, on which `comm_jobs` runs the barrier and the blocking call that
/// make a communicator from it. They cannot run on the communicator itself: they run when the barrier's end is noticed,
/// and by then one rank may have started its next collective there and another not, so that the ranks would call
/// collectives of one communicator in different orders, which MPI forbids. The control communicator is made in the same
/// step as the communicator, when all its ranks are in that step anyway.
class comm_table {
 public:
  comm_table() = default;
  comm_table(const comm_table&) = delete;
  comm_table& operator=(const comm_table&) = delete;
  ~comm_table();

  /// Collective over `comm`, and blocking: makes the control communicator.
  comm_id add(MPI_Comm comm, bool owned);
  /// With a control communicator that was made before. Local.
  comm_id add(MPI_Comm comm, MPI_Comm control, bool owned);
  void free(comm_id id);

  MPI_Comm native(comm_id id) const {
    if (static_cast<std::size_t>(id) >= natives_.size()) [[unlikely]]
      throw_unknown(id);
    return natives_[static_cast<std::size_t>(id)];
  }
  int rank(comm_id id) const { return at(id).rank; }
  /// Whether `peer` is this rank. For a known communicator.
  bool is_self(comm_id id, int peer) const noexcept { return entries_[static_cast<std::size_t>(id)].rank == peer; }
  int size(comm_id id) const { return at(id).size; }
  MPI_Comm control(comm_id id) const { return at(id).control; }

 private:
  struct entry {
    MPI_Comm control;
    int rank;
    int size;
    bool owned;
  };
  const entry& at(comm_id id) const;
  [[noreturn]] static void throw_unknown(comm_id id);
  void free_handles(std::size_t index) noexcept;

  std::vector<MPI_Comm> natives_;  ///< apart from the rest: what every message needs
  std::vector<entry> entries_;
  std::vector<comm_id> free_ids_;
};

}  // namespace weft::mpi
