// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/receive.hpp>

#include <algorithm>
#include <new>

#include <weft/core/error.hpp>

namespace weft::detail {

namespace {

mismatch_facts facts_of(const posted_receive& receive, std::uint64_t received, bool truncated) {
  const operation& op = *receive.op;
  return {op.peer_,        op.tag_,       received,  receive.make_room != nullptr ? received : receive.capacity,
          receive.element, receive.exact, truncated, op.where()};
}

void check_target(const receive_source& from) {
  if (from.source < any_source || from.source >= from.comm.size || from.tag < any_tag)
    throw_bad_target("irecv", from.comm, from.source, from.tag, from.where);
}

bool fits(const posted_receive& receive, std::uint64_t bytes) noexcept {
  if (receive.exact) return bytes == receive.capacity;
  return (bytes <= receive.capacity || receive.make_room != nullptr) && bytes % receive.element == 0;
}

}  // namespace

void check_message(const posted_receive& receive, const matched_message& message) {
  if (!fits(receive, message.bytes)) std::rethrow_exception(size_mismatch(facts_of(receive, message.bytes, false)));
}

bool take_message(receive_part& receive, const completion& result) noexcept {
  operation& op = *receive.op;
  receive.comm->matching.leave(receive);
  op.peer_ = result.source;
  op.tag_ = result.tag;
  op.bytes = result.bytes;
  if (result.status == op_status::ok && !receive.rejection && fits(receive, result.bytes)) [[likely]]
    return true;
  if (receive.rejection) {
    op.fail(std::exchange(receive.rejection, nullptr));
  } else if (result.status == op_status::failed) {
    op.fail(world_failure("irecv", result.code, op.where()));
  } else if (result.status == op_status::cancelled) {
    op.cancelled();
  } else {
    op.fail(size_mismatch(facts_of(receive, result.bytes, result.status == op_status::truncated)));
  }
  return false;
}

void post_receive(receive_part& receive, const receive_source& from, int looks) {
  operation& op = *receive.op;
  op.peer_ = from.source;
  op.tag_ = from.tag;
  try {
    check_target(from);
    from.comm.matching.post(receive, looks);
  } catch (...) {
    op.cancelled();
    rethrow_with_place("irecv", from.where);
  }
}

bool find_message(found_message& found, int looks) {
  const receive_source& from = found.from;
  try {
    check_target(from);
    return from.comm.matching.take_message(from.source, from.tag, looks, found.message);
  } catch (...) {
    rethrow_with_place("irecv", from.where);
  }
}

bool receive_payload(found_message& found, operation* op) {
  comm_state& comm = found.from.comm;
  const std::uint64_t bytes = found.message.bytes;
  found.payload = comm.take_buffer();
  try {
    found.payload.resize(static_cast<std::size_t>(bytes));
  } catch (const std::bad_alloc&) {
    return false;
  }
  found.is_started = true;
  try {
    found.number = comm.on.transport().imrecv(found.message, found.payload.data(), bytes, datatype_of<std::byte>, op,
                                              found.now);
  } catch (...) {
    rethrow_with_place("irecv", found.from.where);
  }
  return found.number == op_number::completed && found.now.status == op_status::ok;
}

void take_over(receive_part& receive, const found_message& found, byte_buffer& payload) noexcept {
  if (!found.is_started) return receive.comm->matching.receive_into(receive, found.message);
  operation& op = *receive.op;
  receive.where = posted_receive::place::matched;
  receive.buffer = payload.data();
  receive.count = receive.capacity = receive.message_bytes = found.message.bytes;
  op.peer_ = found.message.source;
  op.tag_ = found.message.tag;
  op.number = found.number;
  if (found.number == op_number::completed) op.kind().complete(op, found.now);
}

void throw_decode_failure(const found_message& found) {
  try {
    throw;
  } catch (const std::exception& e) {
    const std::uint64_t bytes = found.message.bytes;
    std::rethrow_exception(value_mismatch(
        {found.message.source, found.message.tag, bytes, bytes, 1, false, false, found.from.where}, e.what()));
  }
}

std::exception_ptr decode_failure(const receive_part& receive) noexcept {
  try {
    throw;
  } catch (const std::exception& e) {
    return value_mismatch(facts_of(receive, receive.op->bytes, false), e.what());
  }
}

borrowing_receive::borrowing_receive(const receive_source& from, region memory, std::uint64_t element_bytes, bool exact)
    : value_operation<std::size_t>(from.comm.on, receive_type<borrowing_receive>, from.where), part(from, *this) {
  part.into(memory);
  part.element = element_bytes;
  part.exact = exact;
}

borrowing_receive::borrowing_receive(const receive_source& from, void* data, const datatype& strides,
                                     std::uint64_t element_bytes)
    : value_operation<std::size_t>(from.comm.on, receive_type<borrowing_receive>, from.where),
      part(from, *this),
      layout(strides) {
  part.into({data, 1, &layout});
  part.element = element_bytes;
}

future<std::size_t> start_borrowing_receive(const receive_source& from, region memory, std::uint64_t element_bytes,
                                            bool exact) {
  return start_receive<borrowing_receive, std::size_t>(from, memory, element_bytes, exact);
}

namespace {

std::size_t wait_for(borrowing_receive& op, const receive_source& from) {
  post_receive(op.part, from);
  op.wait_here("communicator::recv()", from.where);
  op.check();
  return op.take();
}

}  // namespace

std::size_t receive_and_wait(const receive_source& from, region memory, std::uint64_t element_bytes, bool exact) {
  borrowing_receive op(from, memory, element_bytes, exact);
  return wait_for(op, from);
}

std::size_t receive_strided_and_wait(const receive_source& from, void* data, const datatype& layout,
                                     std::uint64_t element_bytes) {
  borrowing_receive op(from, data, layout, element_bytes);
  return wait_for(op, from);
}

future<std::size_t> start_strided_receive(const receive_source& from, void* data, const datatype& layout,
                                          std::uint64_t element_bytes) {
  return start_receive<borrowing_receive, std::size_t>(from, data, layout, element_bytes);
}

}  // namespace weft::detail
