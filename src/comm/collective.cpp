// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/collective.hpp>

#include <fmt/format.h>

#include <weft/core/error.hpp>

namespace weft::detail {

namespace {

// Ends the operation; it may be destroyed by that.
void conclude(collective_part& part, const completion& result) noexcept {
  try {
    part.finish(part, result);
  } catch (...) {
    return part.op->fail(std::current_exception());
  }
  part.op->succeed();
}

// Makes calls until one is under way or the last one is done. Throws what a call throws, as if all had been made.
void make_calls(collective_part& part) {
  comm_state& comm = *part.comm;
  for (;;) {
    completion now;
    comm.collective_under_way = true;
    op_number number;
    try {
      number = part.start(part, part.phase++, now);
    } catch (...) {
      comm.collective_under_way = false;
      throw;
    }
    const bool was_last = part.phase == part.phases;
    comm.collective_under_way = !was_last;
    part.op->number = number;
    if (number != op_number::completed) return;
    if (was_last) return conclude(part, now);
  }
}

void make_calls_or_fail(collective_part& part) noexcept {
  try {
    make_calls(part);
  } catch (...) {
    part.op->fail(std::current_exception());
  }
}

void start_waiting(comm_state& comm) noexcept {
  while (!comm.collective_under_way && comm.first_collective != nullptr) {
    collective_part* next = comm.first_collective;
    comm.first_collective = next->next;
    make_calls_or_fail(*next);
  }
}

}  // namespace

void enter_collective(collective_part& part) {
  const comm_ref comm = part.comm;
  if (comm->collective_under_way) {
    (comm->first_collective != nullptr ? comm->last_collective->next : comm->first_collective) = &part;
    comm->last_collective = &part;
    return;
  }
  const operation& op = *part.op;
  try {
    make_calls(part);
  } catch (...) {
    part.op->cancelled();
    rethrow_with_place(op.kind().name, op.where());
  }
}

void continue_collective(collective_part& part, const completion& result) noexcept {
  const comm_ref comm = part.comm;
  if (result.status != op_status::ok) {
    if (part.phase < part.phases) comm->collective_under_way = false;
    part.op->fail(world_failure(part.op->kind().name, result.code, part.op->where()));
  } else if (part.phase == part.phases) {
    conclude(part, result);
  } else {
    make_calls_or_fail(part);
  }
  start_waiting(*comm);
}

void check_root(const comm_state& comm, int root, const char* call, source_location where) {
  if (root >= 0 && root < comm.size) return;
  throw usage_error(fmt::format("{}: the root must be one of the ranks 0 to {}, not {}", call, comm.size - 1, root),
                    where);
}

}  // namespace weft::detail
