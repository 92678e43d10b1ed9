// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/receive.hpp>

#include <algorithm>

#include <weft/core/error.hpp>

namespace weft::detail {

namespace {

mismatch_facts facts_of(const posted_receive& receive, std::uint64_t received, bool truncated) {
  const operation& op = *receive.op;
  return {op.peer_,        op.tag_,       received,  receive.make_room != nullptr ? received : receive.capacity,
          receive.element, receive.exact, truncated, op.where()};
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
    if (from.source < any_source || from.source >= from.comm.size || from.tag < any_tag)
      throw_bad_target("irecv", from.comm, from.source, from.tag, from.where);
    from.comm.matching.post(receive, looks);
  } catch (...) {
    op.cancelled();
    rethrow_with_place("irecv", from.where);
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
