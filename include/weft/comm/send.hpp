// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <type_traits>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/comm/comm_state.hpp>
#include <weft/comm/value.hpp>

namespace weft::detail {

/// Where a send goes.
struct send_target {
  comm_state& comm;
  int dest;
  int tag;
  send_mode mode;
  source_location where;
};

/// A send that has not left at once. What it sends is borrowed, or stands in the same block.
class send_operation : public value_operation<void> {
 public:
  send_operation(const send_target& to, const operation::type& kind)
      : value_operation<void>(to.comm.on, kind, to.where, unlisted), comm_(&to.comm) {}

  /// What the transport said when it was started.
  void started(const send_target& to, op_number pending, const completion& now) noexcept;
  comm_state& comm() const noexcept { return *comm_; }

  static void complete(operation& self, const completion& result) noexcept;
  static withdrawal refuse(operation&) noexcept { return withdrawal::impossible; }

 protected:
  ~send_operation() = default;

 private:
  comm_ref comm_;
};

/// Starts a send in the transport, with `op` as its token. Throws `usage_error` for a rank or tag out of range,
/// `world_error`, with the place of the call.
op_number start_sending(const send_target& to, const const_region& data, operation* op, completion& now);

/// Sends memory of the caller.
struct borrowing_send final : send_operation {
  explicit borrowing_send(const send_target& to) : send_operation(to, kind) {}
  static constexpr operation::type kind{"isend", complete, refuse, destroy_operation<borrowing_send>,
                                        drop_policy::hold};
};

/// Sends a value that was copied or moved in, which follows it in its block.
template <class T>
struct owning_send final : send_operation {
  explicit owning_send(const send_target& to) : send_operation(to, kind) {}
  static void destroy(operation& self) noexcept;
  static constexpr operation::type kind{"isend", complete, refuse, destroy, drop_policy::park};
};

/// The pooled block of an owning send. A short message has left when the transport's call returns: the operation is
/// made only if it has not.
template <class T>
struct send_block {
  template <class V>
  explicit send_block(V&& v) : value(std::forward<V>(v)) {}
  ~send_block() {}
  union {
    owning_send<T> op;
  };
  T value;
};

template <class T>
void destroy_block(send_block<T>* block) noexcept {
  block->value.~T();
  frame_pool::release(block, sizeof(send_block<T>));
}

template <class T>
void owning_send<T>::destroy(operation& self) noexcept {
  auto* op = static_cast<owning_send*>(&self);
  op->~owning_send();
  destroy_block(reinterpret_cast<send_block<T>*>(op));  // its first member
}

/// Sends a value's encoding.
struct encoded_send final : send_operation {
  encoded_send(const send_target& to, byte_buffer encoding) : send_operation(to, kind), payload(std::move(encoding)) {}
  ~encoded_send() { comm().give_back(std::move(payload)); }
  static constexpr operation::type kind{"isend", complete, refuse, destroy_operation<encoded_send>, drop_policy::park};
  byte_buffer payload;
};

future<void> start_borrowing_send(const send_target& to, const_region data);
future<void> start_encoded_send(const send_target& to, byte_buffer payload);

/// Sends memory of the caller, and returns when it may be used again. Plain code only.
void send_and_wait(const send_target& to, const_region data);

template <class T, class V>
future<void> start_owning_send(const send_target& to, V&& value) {
  static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__, "over-aligned values cannot live in an operation");
  auto* block = make_pooled<send_block<T>>(std::forward<V>(value));
  const region data = region_of(block->value);
  completion now;
  op_number number;
  try {
    number = start_sending(to, {data.data, data.count, data.type}, &block->op, now);
  } catch (...) {
    destroy_block(block);
    throw;
  }
  if (number == op_number::completed && now.status == op_status::ok) [[likely]] {
    destroy_block(block);
    return future<void>(&to.comm.on.done_at_once());
  }
  auto* op = ::new (static_cast<void*>(&block->op)) owning_send<T>(to);
  op->started(to, number, now);
  return future<void>(op);
}

template <class T>
future<void> start_encoding_send(const send_target& to, const T& value) {
  byte_buffer payload = to.comm.take_buffer();
  encode_message(payload, value);
  return start_encoded_send(to, std::move(payload));
}

template <class T>
const_region const_region_of(const T& value) {
  const auto data = region_of(value);
  return {data.data, data.count, data.type};
}

/// The blocking send: the value stays where it is, whatever it is.
template <class T>
void send_and_wait(const send_target& to, const T& value) {
  if constexpr (value_class_of<T> == value_class::serialised) {
    byte_buffer payload = to.comm.take_buffer();
    encode_message(payload, value);
    send_and_wait(to, const_region{payload.data(), payload.size(), &datatype_of<std::byte>});
    to.comm.give_back(std::move(payload));
  } else {
    send_and_wait(to, const_region_of(value));
  }
}
/// Characters of a literal, without its end.
template <std::size_t N>
void send_and_wait(const send_target& to, const char (&text)[N]) {
  send_and_wait(to, const_region_of(std::string_view(text, std::char_traits<char>::length(text))));
}

/// Sends `value` in the way of its type: see communicator::isend.
template <class V>
future<void> start_send(const send_target& to, V&& value) {
  using U = std::remove_reference_t<V>;
  using T = std::remove_cv_t<U>;
  constexpr value_class c = value_class_of<T>;
  if constexpr (c == value_class::serialised) {
    return start_encoding_send(to, value);
  } else if constexpr (c == value_class::strided || c == value_class::view) {
    return start_borrowing_send(to, const_region_of(value));
  } else if constexpr (c == value_class::plain) {
    return start_owning_send<T>(to, value);
  } else if constexpr (std::is_lvalue_reference_v<V>) {
    return start_borrowing_send(to, const_region_of(value));
  } else {
    static_assert(!std::is_const_v<U>, "weft: a constant temporary can be neither moved from nor borrowed");
    return start_owning_send<T>(to, std::move(value));
  }
}

/// Characters of a literal, without its end.
template <std::size_t N>
future<void> start_send(const send_target& to, const char (&text)[N]) {
  const std::string_view characters(text, std::char_traits<char>::length(text));
  return start_borrowing_send(to, const_region_of(characters));
}

}  // namespace weft::detail
