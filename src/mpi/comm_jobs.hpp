// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>

#include <weft/world/transport.hpp>

#include "mpi/comm_table.hpp"
#include "mpi/request_table.hpp"

namespace weft::mpi {

/// `split` and `dup`: one at a time, in the order in which they were started. `dup` is nonblocking in MPI as well, so that
/// a rank may sit in any blocking call of MPI meanwhile (every context starts with one). MPI has `split` as a blocking
/// collective only: a nonblocking barrier goes before it, so that a rank enters it only when all ranks are about to, and
/// none waits in it for one that still computes.
///
/// No rank waits for ever: ranks start jobs in the same order, each rank runs the oldest of its own, so of all jobs
/// under way the oldest is the next one for all its ranks.
class comm_jobs {
 public:
  /// The place of a job's number in the request table.
  static constexpr std::uint32_t job_place = 0xffff'fffeu;

  comm_jobs(comm_table& comms, request_table& numbers) : comms_(comms), numbers_(numbers) {}

  op_number split(comm_id comm, int color, int key, void* token);
  op_number dup(comm_id comm, void* token);

  bool empty() const noexcept { return jobs_.empty() && finished_.empty(); }
  std::size_t poll(std::span<completion> out);
  bool test(op_number number, completion& now);

 private:
  enum class kind : std::uint8_t { split, dup };
  struct job {
    kind what;
    comm_id comm;
    int color;
    int key;
    void* token;
    op_number number;
  };
  struct result {
    op_number number;
    completion done;
  };

  op_number add(job j);
  void advance();
  bool step(const job& j, std::uint64_t& made);
  bool step_dup(MPI_Comm control, std::uint64_t& made);
  bool step_split(const job& j, MPI_Comm control, std::uint64_t& made);
  bool request_done();

  comm_table& comms_;
  request_table& numbers_;
  std::deque<job> jobs_;
  std::deque<result> finished_;
  // Of the first job:
  MPI_Request request_ = MPI_REQUEST_NULL;  ///< under way; null: its next step was not started
  MPI_Comm made_ = MPI_COMM_NULL;           ///< by a dup, when `has_made_`; its control communicator comes next
  MPI_Comm made_control_ = MPI_COMM_NULL;
  bool has_made_ = false;
};

}  // namespace weft::mpi
