// SPDX-License-Identifier: BSL-1.0
#include "mpi/persistent_requests.hpp"

#include <string>

#include <weft/core/error.hpp>

#include "mpi/error.hpp"

namespace weft::mpi {

persistent_requests::~persistent_requests() {
  if (!mpi_is_running()) return;
  for (entry& e : entries_) {
    if (!e.in_use || e.request == MPI_REQUEST_NULL) continue;
    if (e.arguments.way == direction::receive) {
      // An inactive one ends the wait at once.
      MPI_Status status;
      MPI_Cancel(&e.request);
      MPI_Wait(&e.request, &status);
    }
    if (e.request != MPI_REQUEST_NULL) MPI_Request_free(&e.request);
  }
}

MPI_Request persistent_requests::init(const persistent_arguments& a) {
  MPI_Request request = MPI_REQUEST_NULL;
  if (a.way == direction::receive) {
    const int source = a.where.peer == any_source ? MPI_ANY_SOURCE : a.where.peer;
    const int tag = a.where.tag == any_tag ? MPI_ANY_TAG : a.where.tag;
    check(MPI_Recv_init(a.data, a.message.count, a.message.type, source, tag, a.comm, &request), "MPI_Recv_init");
  } else if (a.mode == send_mode::synchronous) {
    check(MPI_Ssend_init(a.data, a.message.count, a.message.type, a.where.peer, a.where.tag, a.comm, &request),
          "MPI_Ssend_init");
  } else {
    check(MPI_Send_init(a.data, a.message.count, a.message.type, a.where.peer, a.where.tag, a.comm, &request),
          "MPI_Send_init");
  }
  return request;
}

persistent_id persistent_requests::make(const persistent_arguments& arguments) {
  const MPI_Request request = init(arguments);
  auto id = static_cast<persistent_id>(entries_.size());
  if (free_ids_.empty()) {
    entries_.emplace_back();
  } else {
    id = free_ids_.back();
    free_ids_.pop_back();
  }
  entry& e = entries_[static_cast<std::size_t>(id)];
  e.arguments = arguments;
  e.request = request;
  e.number = table_.reserve();
  e.in_use = true;
  return id;
}

persistent_requests::entry& persistent_requests::at(persistent_id id) {
  const auto index = static_cast<std::size_t>(id);
  if (index >= entries_.size() || !entries_[index].in_use) [[unlikely]] {
    throw world_error("no persistent operation " + std::to_string(index), MPI_ERR_REQUEST);
  }
  return entries_[index];
}

op_number persistent_requests::start(persistent_id id, noticed_by who, void* token, completion& now) {
  entry& e = at(id);
  if (e.request == MPI_REQUEST_NULL) [[unlikely]]
    e.request = init(e.arguments);
  check(MPI_Start(&e.request), "MPI_Start");
  if (e.arguments.way == direction::send) {
    int done = 0;
    MPI_Status status;
    const int code = MPI_Test(&e.request, &done, &status);
    if (done != 0 || code != MPI_SUCCESS) {
      fill(now, token, direction::send, status, code);
      return op_number::completed;
    }
  }
  if (who == noticed_by::poll) {
    table_.add_persistent(e.number, e.request, e.arguments.way, token);
    return e.number;
  }
  e.token = token;
  e.caller_notices = true;
  table_.set_place(e.number, request_table::place_mark | static_cast<std::uint32_t>(id));
  return e.number;
}

void persistent_requests::finish(entry& e, const MPI_Status& status, int code, completion& now) {
  fill(now, e.token, e.arguments.way, status, code);
  e.caller_notices = false;
  table_.set_place(e.number, request_table::idle_place);
}

bool persistent_requests::test(std::uint32_t place, completion& now, int times) {
  entry& e = entries_[place & ~request_table::place_mark];
  int done = 0;
  MPI_Status status;
  int code = MPI_SUCCESS;
  while (times-- > 0 && done == 0 && code == MPI_SUCCESS) code = MPI_Test(&e.request, &done, &status);
  if (done == 0 && code == MPI_SUCCESS) return false;
  finish(e, status, code, now);
  return true;
}

bool persistent_requests::cancel(std::uint32_t place, completion& now) {
  entry& e = entries_[place & ~request_table::place_mark];
  MPI_Status status;
  int code = MPI_SUCCESS;
  const bool withdrawn = withdraw(e.request, status, code);
  finish(e, status, code, now);
  return withdrawn;
}

void persistent_requests::free(persistent_id id) {
  entry& e = at(id);
  if (e.request != MPI_REQUEST_NULL) check(MPI_Request_free(&e.request), "MPI_Request_free");
  table_.release(e.number);
  e = entry{};
  free_ids_.push_back(id);
}

}  // namespace weft::mpi
