// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/send.hpp>

#include <fmt/format.h>

#include <weft/comm/errors.hpp>

namespace weft::detail {

void send_operation::start(const send_target& to, const_region data) {
  peer_ = to.dest;
  tag_ = to.tag;
  completion now;
  try {
    if (to.dest < 0 || to.dest >= to.comm.size || to.tag < 0)
      throw_bad_target("isend", to.comm, to.dest, to.tag, to.where);
    number = on().transport().isend({to.comm.id, to.dest, to.tag}, data.data, data.count, *data.type, to.mode,
                                    static_cast<operation*>(this), now);
  } catch (...) {
    cancelled();
    rethrow_with_place("isend", to.where);
  }
  if (number == op_number::completed) complete(*this, now);
}

void send_operation::complete(operation& self, const completion& result) noexcept {
  if (result.status == op_status::ok) [[likely]]
    return self.succeed();
  self.fail(world_failure("isend", result.code, self.where()));
}

future<void> start_borrowing_send(const send_target& to, const_region data) {
  auto* op = make_operation<borrowing_send>(to);
  future<void> result(op);
  op->start(to, data);
  return result;
}

future<void> start_encoded_send(const send_target& to, byte_buffer payload) {
  auto* op = make_operation<encoded_send>(to, std::move(payload));
  future<void> result(op);
  op->start(to, {op->payload.data(), op->payload.size(), &datatype_of<std::byte>});
  return result;
}

}  // namespace weft::detail
