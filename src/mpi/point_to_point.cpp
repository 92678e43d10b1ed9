// SPDX-License-Identifier: BSL-1.0
#include <weft/mpi/mpi_transport.hpp>

#include "mpi/error.hpp"
#include "mpi/transport_state.hpp"

namespace weft::mpi {

namespace {

/// What the eager limit counts besides the payload: Open MPI's matching header, with room to spare.
constexpr std::uint64_t header_bytes = 64;

matched_message found_message(const MPI_Status& status) {
  completion facts;
  fill(facts, nullptr, direction::receive, status, MPI_SUCCESS);
  return {0, facts.bytes, facts.source, facts.tag};
}

}  // namespace

op_number mpi_transport::isend(envelope to, const void* data, std::uint64_t count, const datatype& type, send_mode mode,
                               void* token, completion& now) {
  state& s = *state_;
  const wire m = s.types.message(count, type);
  const MPI_Comm comm = s.comms.native(to.comm);
  MPI_Request request;
  if (to.peer == s.comms.rank(to.comm) && mode == send_mode::standard && type.is_contiguous() &&
      count * type.packed_size() <= self_sends::largest) [[unlikely]] {
    s.to_self.send(data, static_cast<std::size_t>(count * type.packed_size()), m, to.peer, to.tag, comm);
    fill(now, token, direction::send, MPI_Status{}, MPI_SUCCESS);
    return op_number::completed;
  }
  if (mode == send_mode::synchronous) {
    check(MPI_Issend(data, m.count, m.type, to.peer, to.tag, comm, &request), "MPI_Issend");
  } else {
    check(MPI_Isend(data, m.count, m.type, to.peer, to.tag, comm, &request), "MPI_Isend");
  }
  // An eager message has left by now: it never becomes a pending operation.
  int done = 0;
  const int code = MPI_Test(&request, &done, MPI_STATUS_IGNORE);
  if (done == 0 && code == MPI_SUCCESS) return s.requests.add(request, direction::send, token);
  if (code == MPI_SUCCESS) [[likely]] {
    now.token = token;  // the caller's `now` is fresh: nothing else to tell
  } else {
    fill(now, token, direction::send, MPI_Status{}, code);
  }
  return op_number::completed;
}

op_number mpi_transport::irecv(envelope from, void* data, std::uint64_t count, const datatype& type, void* token,
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

bool mpi_transport::improbe(envelope from, matched_message& found) {
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

bool mpi_transport::iprobe(envelope from, matched_message& found) {
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

persistent_id mpi_transport::send_init(envelope to, const void* data, std::uint64_t count, const datatype& type,
                                       send_mode mode) {
  state& s = *state_;
  // A message to oneself is synchronous for the reason given in self_sends.hpp; a start need not finish at once.
  if (to.peer == s.comms.rank(to.comm)) mode = send_mode::synchronous;
  // MPI's persistent calls take a pointer to non-const for both directions; a send only reads.
  return s.persistents.make(
      {s.comms.native(to.comm), to, const_cast<void*>(data), s.types.message(count, type), mode, direction::send});
}

persistent_id mpi_transport::recv_init(envelope from, void* data, std::uint64_t count, const datatype& type) {
  state& s = *state_;
  return s.persistents.make(
      {s.comms.native(from.comm), from, data, s.types.message(count, type), send_mode::standard, direction::receive});
}

op_number mpi_transport::start(persistent_id id, noticed_by who, void* token, completion& now) {
  return state_->persistents.start(id, who, token, now);
}

void mpi_transport::free_persistent(persistent_id id) { state_->persistents.free(id); }

}  // namespace weft::mpi
