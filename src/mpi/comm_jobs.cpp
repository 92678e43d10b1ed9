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
  result r{next.number, {}};
  r.done.token = next.token;
  try {
    if (!step(next, r.done.bytes)) return;
  } catch (const world_error& failure) {
    r.done.status = op_status::failed;
    r.done.code = failure.code();
  }
  jobs_.pop_front();
  finished_.push_back(r);
}

bool comm_jobs::step(const job& j, std::uint64_t& made) {
  const MPI_Comm control = comms_.control(j.comm);
  return j.what == kind::dup ? step_dup(control, made) : step_split(j, control, made);
}

bool comm_jobs::request_done() {
  int done = 0;
  check(MPI_Test(&request_, &done, MPI_STATUS_IGNORE), "MPI_Test");
  return done != 0;
}

bool comm_jobs::step_dup(MPI_Comm control, std::uint64_t& made) {
  if (request_ == MPI_REQUEST_NULL) {
    check(MPI_Comm_idup(control, has_made_ ? &made_control_ : &made_, &request_), "MPI_Comm_idup");
  }
  if (!request_done()) return false;
  if (!has_made_) {
    has_made_ = true;
    return step_dup(control, made);
  }
  has_made_ = false;
  check(MPI_Comm_set_errhandler(made_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  made = static_cast<std::uint64_t>(comms_.add(made_, made_control_, true));
  return true;
}

bool comm_jobs::step_split(const job& j, MPI_Comm control, std::uint64_t& made) {
  if (request_ == MPI_REQUEST_NULL) check(MPI_Ibarrier(control, &request_), "MPI_Ibarrier");
  if (!request_done()) return false;
  MPI_Comm part = MPI_COMM_NULL;
  check(MPI_Comm_split(control, j.color < 0 ? MPI_UNDEFINED : j.color, j.key, &part), "MPI_Comm_split");
  made = transport::no_comm;
  if (part == MPI_COMM_NULL) return true;
  check(MPI_Comm_set_errhandler(part, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  made = static_cast<std::uint64_t>(comms_.add(part, true));
  return true;
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
