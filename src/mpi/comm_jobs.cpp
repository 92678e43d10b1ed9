// SPDX-License-Identifier: BSL-1.0
#include "mpi/comm_jobs.hpp"

#include <algorithm>

#include <weft/core/error.hpp>

#include "mpi/error.hpp"

namespace weft::mpi {

op_number comm_jobs::split(comm_id comm, int color, int key, void* token) {
  return add({kind::split, comm, color, key, token, op_number::completed});
}

op_number comm_jobs::dup(comm_id comm, void* token) {
  return add({kind::dup, comm, 0, 0, token, op_number::completed});
}

op_number comm_jobs::add(job j) {
  comms_.control(j.comm);  // throws for an unknown one now, not when it runs
  j.number = numbers_.reserve();
  numbers_.set_place(j.number, job_place);
  jobs_.push_back(j);
  return j.number;
}

void comm_jobs::advance() {
  if (jobs_.empty()) return;
  const job next = jobs_.front();
  if (barrier_ == MPI_REQUEST_NULL) check(MPI_Ibarrier(comms_.control(next.comm), &barrier_), "MPI_Ibarrier");
  int done = 0;
  check(MPI_Test(&barrier_, &done, MPI_STATUS_IGNORE), "MPI_Test");
  if (done == 0) return;
  jobs_.pop_front();
  result r{next.number, {}};
  r.done.token = next.token;
  try {
    r.done.bytes = run(next);
  } catch (const world_error& failure) {
    r.done.status = op_status::failed;
    r.done.code = failure.code();
  }
  finished_.push_back(r);
}

std::uint64_t comm_jobs::run(const job& j) {
  const MPI_Comm control = comms_.control(j.comm);
  MPI_Comm made = MPI_COMM_NULL;
  if (j.what == kind::dup) {
    check(MPI_Comm_dup(control, &made), "MPI_Comm_dup");
  } else {
    check(MPI_Comm_split(control, j.color < 0 ? MPI_UNDEFINED : j.color, j.key, &made), "MPI_Comm_split");
    if (made == MPI_COMM_NULL) return transport::no_comm;
  }
  check(MPI_Comm_set_errhandler(made, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return static_cast<std::uint64_t>(comms_.add(made, true));
}

std::size_t comm_jobs::poll(std::span<completion> out) {
  advance();
  std::size_t filled = 0;
  while (filled < out.size() && !finished_.empty()) {
    out[filled++] = finished_.front().done;
    numbers_.release(finished_.front().number);
    finished_.pop_front();
  }
  return filled;
}

bool comm_jobs::test(op_number number, completion& now) {
  advance();
  const auto found =
      std::find_if(finished_.begin(), finished_.end(), [&](const result& r) { return r.number == number; });
  if (found == finished_.end()) return false;
  now = found->done;
  numbers_.release(number);
  finished_.erase(found);
  return true;
}

}  // namespace weft::mpi
