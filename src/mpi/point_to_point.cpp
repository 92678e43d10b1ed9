// SPDX-License-Identifier: BSL-1.0
#include <weft/mpi/mpi_transport.hpp>

#include "mpi/error.hpp"
#include "mpi/transport_state.hpp"

namespace weft::mpi {

namespace {

/// What the eager limit counts besides the payload: Open MPI's matching header, with room to spare.
constexpr std::uint64_t header_bytes = 64;

matched_message found_message(const MPI_Status& status) {
  return {0, payload_bytes(status), status.MPI_SOURCE, status.MPI_TAG};
}

}  // namespace

op_number mpi_transport::isend(const envelope& to, const void* data, std::uint64_t count, const datatype& type, send_mode mode,
                               void* token, completion& now) {
  state& s = *state_;
  const wire m = s.types.message(count, type);
  const MPI_Comm comm = s.comms.native(to.comm);
  if (mode == send_mode::synchronous || s.comms.is_self(to.comm, to.peer)) [[unlikely]]
    return s.send_specially({to, comm, data, count, type, m, mode, token}, now);
  MPI_Request request;
  check(MPI_Isend(data, m.count, m.type, to.peer, to.tag, comm, &request), "MPI_Isend");
  return s.started_send(request, token, now);
}

op_number mpi_transport::state::send_specially(const special_send& what, completion& now) {
  const std::uint64_t bytes = what.count * what.type.packed_size();
  if (what.mode == send_mode::standard && what.type.is_contiguous() && bytes <= self_sends::largest) {
    to_self.send(what.data, static_cast<std::size_t>(bytes), what.message, what.to.peer, what.to.tag, what.comm);
    fill(now, what.token, direction::send, MPI_Status{}, MPI_SUCCESS);
    return op_number::completed;
  }
  MPI_Request request;
  const auto start = what.mode == send_mode::synchronous ? MPI_Issend : MPI_Isend;
  check(start(what.data, what.message.count, what.message.type, what.to.peer, what.to.tag, what.comm, &request),
        what.mode == send_mode::synchronous ? "MPI_Issend" : "MPI_Isend");
  return started_send(request, what.token, now);
}

op_number mpi_transport::state::started_send(MPI_Request request, void* token, completion& now) {
  // An eager message has left by now: it never becomes a pending operation.
  if (request == done_request) [[likely]] {
    now.token = token;  // the caller's `now` is fresh: nothing else to tell
    return op_number::completed;
  }
  int done = 0;
  const int code = MPI_Test(&request, &done, MPI_STATUS_IGNORE);
  if (code == MPI_SUCCESS) [[likely]] {
    if (done == 0) return requests.add(request, direction::send, token);
    now.token = token;
  } else {
    fill(now, token, direction::send, MPI_Status{}, code);
  }
  return op_number::completed;
}

op_number mpi_transport::irecv(const envelope& from, void* data, std::uint64_t count, const datatype& type, void* token,
                               completion&) {
  // Not tested here: a message that has already come is found by the first test or poll at the same cost, and one that
  // has not would cost a test more.
  state& s = *state_;
  const wire m = s.types.message(count, type);
  MPI_Request request;
  check(MPI_Irecv(data, m.count, m.type, mpi_source(from.peer), mpi_tag(from.tag), s.comms.native(from.comm), &request),
        "MPI_Irecv");
  return s.requests.add(request, direction::receive, token);
}

bool mpi_transport::improbe(const envelope& from, matched_message& found) {
  state& s = *state_;
  int there = 0;
  MPI_Message message;
  MPI_Status status;
  check(MPI_Improbe(mpi_source(from.peer), mpi_tag(from.tag), s.comms.native(from.comm), &there, &message, &status),
        "MPI_Improbe");
  if (there == 0) {
    s.progressed = true;
    return false;
  }
  found = found_message(status);
  found.id = s.messages.add(message);
  return true;
}

bool mpi_transport::iprobe(const envelope& from, matched_message& found) {
  state& s = *state_;
  int there = 0;
  MPI_Status status;
  check(MPI_Iprobe(mpi_source(from.peer), mpi_tag(from.tag), s.comms.native(from.comm), &there, &status), "MPI_Iprobe");
  if (there == 0) {
    s.progressed = true;
    return false;
  }
  found = found_message(status);
  return true;
}

op_number mpi_transport::imrecv(const matched_message& message, void* data, std::uint64_t count, const datatype& type,
                                void* token, completion& now) {
  state& s = *state_;
  const wire m = s.types.message(count, type);
  MPI_Message handle = s.messages.take(message.id);
  if (message.bytes + header_bytes <= s.limits.eager_bytes) {
    // The whole message came with the envelope that the probe saw: this copies, and waits for nobody.
    MPI_Status status;
    const int code = MPI_Mrecv(data, m.count, m.type, &handle, &status);
    fill(now, token, direction::receive, status, code);
    return op_number::completed;
  }
  MPI_Request request;
  check(MPI_Imrecv(data, m.count, m.type, &handle, &request), "MPI_Imrecv");
  return s.requests.add(request, direction::receive, token);
}

bool mpi_transport::cancel_recv(op_number number, completion& now) {
  state& s = *state_;
  const std::uint32_t place = s.requests.place(number);
  if (persistent_requests::is_place(place)) return s.persistents.cancel(place, now);
  return s.requests.cancel(place, now);
}

persistent_id mpi_transport::send_init(const envelope& to, const void* data, std::uint64_t count, const datatype& type,
                                       send_mode mode) {
  state& s = *state_;
  // A message to oneself is synchronous for the reason given in self_sends.hpp; a start need not finish at once.
  if (to.peer == s.comms.rank(to.comm)) mode = send_mode::synchronous;
  // MPI's persistent calls take a pointer to non-const for both directions; a send only reads.
  return s.persistents.make(
      {s.comms.native(to.comm), to, const_cast<void*>(data), s.types.message(count, type), mode, direction::send});
}

persistent_id mpi_transport::recv_init(const envelope& from, void* data, std::uint64_t count, const datatype& type) {
  state& s = *state_;
  return s.persistents.make(
      {s.comms.native(from.comm), from, data, s.types.message(count, type), send_mode::standard, direction::receive});
}

op_number mpi_transport::start(persistent_id id, noticed_by who, void* token, completion& now) {
  return state_->persistents.start(id, who, token, now);
}

void mpi_transport::free_persistent(persistent_id id) { state_->persistents.free(id); }

}  // namespace weft::mpi
