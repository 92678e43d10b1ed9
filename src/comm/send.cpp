// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/send.hpp>

#include <memory>
#include <new>

#include <fmt/format.h>

#include <weft/comm/errors.hpp>

namespace weft::detail {

op_number start_sending(const send_target& to, const const_region& data, operation* op, completion& now) {
  to.comm.on.note_call("isend", to.where);
  try {
    if (static_cast<unsigned>(to.dest) >= static_cast<unsigned>(to.comm.size) || to.tag < 0) [[unlikely]]
      throw_bad_target("isend", to.comm, to.dest, to.tag, to.where);
    return to.comm.on.transport().isend({to.comm.id, to.dest, to.tag}, data.data, data.count, *data.type, to.mode, op,
                                        now);
  } catch (...) {
    rethrow_with_place("isend", to.where);
  }
}

void send_operation::started(const send_target& to, op_number pending, const completion& now) noexcept {
  peer_ = to.dest;
  tag_ = to.tag;
  number = pending;
  if (number != op_number::completed) return enlist();
  if (now.status == op_status::ok) [[likely]]
    return succeed_unlisted();
  complete(*this, now);
}

void send_operation::complete(operation& self, const completion& result) noexcept {
  if (result.status == op_status::ok) [[likely]]
    return self.succeed();
  self.fail(world_failure("isend", result.code, self.where()));
}

namespace {

bool left_at_once(op_number number, const completion& now) noexcept {
  return number == op_number::completed && now.status == op_status::ok;
}

/// Room for the operation of a send that may leave at once: the transport wants its address first.
union borrowing_room {
  borrowing_room() noexcept {}
  ~borrowing_room() {}
  borrowing_send op;
};

}  // namespace

future<void> start_borrowing_send(const send_target& to, const_region data) {
  auto* room = make_pooled<borrowing_room>();
  completion now;
  op_number number;
  try {
    number = start_sending(to, data, &room->op, now);
  } catch (...) {
    frame_pool::release(room, sizeof(borrowing_room));
    throw;
  }
  if (left_at_once(number, now)) [[likely]] {
    frame_pool::release(room, sizeof(borrowing_room));
    return future<void>(&to.comm.on.done_at_once());
  }
  auto* op = ::new (static_cast<void*>(&room->op)) borrowing_send(to);
  op->started(to, number, now);
  return future<void>(op);
}

void send_and_wait(const send_target& to, const_region data) {
  borrowing_room room;
  completion now;
  const op_number number = start_sending(to, data, &room.op, now);
  if (left_at_once(number, now)) [[likely]]
    return;
  auto* op = ::new (static_cast<void*>(&room.op)) borrowing_send(to);
  const std::unique_ptr<borrowing_send, void (*)(borrowing_send*)> guard(
      op, [](borrowing_send* made) { made->~borrowing_send(); });
  op->started(to, number, now);
  op->wait_here("communicator::send()", to.where);
  op->check();
}

future<void> start_encoded_send(const send_target& to, byte_buffer payload) {
  auto* op = make_operation<encoded_send>(to, std::move(payload));
  future<void> result(op);
  completion now;
  try {
    const op_number number =
        start_sending(to, {op->payload.data(), op->payload.size(), &datatype_of<std::byte>}, op, now);
    op->started(to, number, now);
  } catch (...) {
    op->cancelled();
    throw;
  }
  return result;
}

}  // namespace weft::detail
