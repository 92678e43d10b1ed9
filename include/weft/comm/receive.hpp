// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/comm/comm_state.hpp>
#include <weft/comm/errors.hpp>
#include <weft/comm/matcher.hpp>
#include <weft/comm/value.hpp>
#include <weft/core/bytes.hpp>

namespace weft::detail {

struct receive_source {
  comm_state& comm;
  int source;
  int tag;
  source_location where;
};

/// Throws `message_mismatch` if the message that was found does not fit the receive.
void check_message(const posted_receive& receive, const matched_message& message);

/// What every receive operation has beside its value.
struct receive_part : posted_receive {
  explicit receive_part(const receive_source& from, operation& self) noexcept : comm(&from.comm) {
    op = &self;
    source = from.source;
    tag = from.tag;
  }
  void into(region memory) noexcept {
    buffer = memory.data;
    count = memory.count;
    type = memory.type;
    capacity = memory.count * memory.type->packed_size();
    element = memory.type->is_element ? memory.type->element_size : memory.type->packed_size() / memory.type->blocks;
  }
  comm_ref comm;
};

/// Takes the transport's word about a receive. True: the message is in the buffer and `op`'s facts are set. False: `op`
/// is done (failed, cancelled).
bool take_message(receive_part& receive, const completion& result) noexcept;
/// Posts; throws `usage_error` for a rank or tag out of range, `world_error`; then the operation is done. A receive of
/// unknown size looks for its message `looks` times first.
void post_receive(receive_part& receive, const receive_source& from, int looks = 1);
std::exception_ptr decode_failure(const receive_part& receive) noexcept;

/// The entries of an operation type that receives: `Op` has a member `part` and a `finish()`, called when the message
/// is in the buffer, which may throw.
template <class Op>
void complete_receive(operation& self, const completion& result) noexcept {
  Op& op = static_cast<Op&>(self);
  if (!take_message(op.part, result)) [[unlikely]]
    return;
  try {
    op.finish();
  } catch (...) {
    return op.fail(std::current_exception());
  }
  op.succeed();
}
template <class Op>
withdrawal withdraw_receive(operation& self) noexcept {
  Op& op = static_cast<Op&>(self);
  return op.part.comm->matching.withdraw(op.part);
}
template <class Op>
inline constexpr operation::type receive_type{"irecv", complete_receive<Op>, withdraw_receive<Op>,
                                              destroy_operation<Op>, drop_policy::withdraw};

/// A plain value.
template <class T>
struct plain_receive final : value_operation<T> {
  plain_receive(const receive_source& from)
      : value_operation<T>(from.comm.on, receive_type<plain_receive>, from.where), part(from, *this) {
    part.into(region_of(this->emplace()));
    part.exact = true;
  }
  void finish() noexcept {}
  receive_part part;
};

/// A vector or string of plain elements, whose size the message tells.
template <class T>
struct sized_receive final : value_operation<T> {
  sized_receive(const receive_source& from)
      : value_operation<T>(from.comm.on, receive_type<sized_receive>, from.where), part(from, *this) {
    part.type = &wire_type<typename T::value_type>();
    part.element = wire<typename T::value_type>::count * part.type->packed_size();
    part.make_room = [](posted_receive& self, std::uint64_t message) {
      auto& op = static_cast<sized_receive&>(*self.op);
      T& value = op.emplace();
      value.resize(static_cast<std::size_t>(message / self.element));
      self.buffer = value.data();
      self.count = value.size() * wire<typename T::value_type>::count;
      self.capacity = message;
    };
  }
  void finish() noexcept {}
  receive_part part;
};

/// A vector or string that brings its room, and shrinks to the message.
template <class T>
struct bound_receive final : value_operation<T> {
  bound_receive(const receive_source& from, T&& room)
      : value_operation<T>(from.comm.on, receive_type<bound_receive>, from.where), part(from, *this) {
    part.into(region_of(this->emplace(std::move(room))));
    part.element = wire<typename T::value_type>::count * part.type->packed_size();
  }
  void finish() { this->value().resize(static_cast<std::size_t>(this->bytes / part.element)); }
  receive_part part;
};

/// Memory of the caller; the value is the number of elements received.
struct borrowing_receive final : value_operation<std::size_t> {
  borrowing_receive(const receive_source& from, region memory, std::uint64_t element_bytes, bool exact);
  borrowing_receive(const receive_source& from, void* data, const datatype& strides, std::uint64_t element_bytes);
  void finish() { emplace(static_cast<std::size_t>(bytes / part.element)); }
  receive_part part;
  datatype layout;  ///< of a strided view
};

/// A value that travels encoded.
template <class T>
struct decoding_receive final : value_operation<T> {
  decoding_receive(const receive_source& from)
      : value_operation<T>(from.comm.on, receive_type<decoding_receive>, from.where), part(from, *this) {
    part.type = &datatype_of<std::byte>;
    part.make_room = [](posted_receive& self, std::uint64_t message) {
      auto& op = static_cast<decoding_receive&>(*self.op);
      op.payload = op.part.comm->take_buffer();
      op.payload.resize(static_cast<std::size_t>(message));
      self.buffer = op.payload.data();
      self.count = self.capacity = message;
    };
  }
  ~decoding_receive() { part.comm->give_back(std::move(payload)); }
  void finish() {
    try {
      decode_message(payload.bytes(), this->emplace());
    } catch (const decode_error&) {
      std::rethrow_exception(decode_failure(part));
    }
    part.comm->give_back(std::move(payload));
  }
  receive_part part;
  byte_buffer payload;
};

template <class Op, class T, class... Args>
future<T> start_receive(const receive_source& from, Args&&... args) {
  Op* op = make_operation<Op>(from, std::forward<Args>(args)...);
  future<T> result(op);
  post_receive(op->part, from);
  return result;
}

/// The operation that receives a `T` of its own.
template <class T>
constexpr auto receive_of() {
  constexpr value_class c = value_class_of<T>;
  static_assert(std::is_default_constructible_v<T>, "weft: a received value must be default constructible");
  if constexpr (c == value_class::plain || c == value_class::array) {
    return std::type_identity<plain_receive<T>>{};
  } else if constexpr (c == value_class::resizable) {
    return std::type_identity<sized_receive<T>>{};
  } else {
    static_assert(c == value_class::serialised,
                  "weft: this container cannot grow to a message's size; receive into an lvalue of it");
    return std::type_identity<decoding_receive<T>>{};
  }
}

template <class T>
future<T> start_receive_of(const receive_source& from) {
  return start_receive<typename decltype(receive_of<T>())::type, T>(from);
}

/// A message that came while a blocking receive looked for it, and that nothing has been posted for.
struct found_message {
  const receive_source& from;
  matched_message message;
  byte_buffer payload;
  op_number number = op_number::completed;
  completion now;
  bool is_started = false;  ///< there was room for its payload
};

/// Looks for what a blocking receive of unknown size waits for, so often. Throws as `post_receive`.
bool find_message(found_message& found, int looks);
/// Starts to receive into its payload; `op` will be its token. True: all is there.
bool receive_payload(found_message& found, operation* op);
/// The operation goes on with what was started without it; its payload has been moved to `payload`.
void take_over(receive_part& receive, const found_message& found, byte_buffer& payload) noexcept;
/// Within a catch block that caught a `decode_error`.
[[noreturn]] void throw_decode_failure(const found_message& found);

/// A value that travels encoded, and whose message is found: an operation is made only if it does not come at once.
template <class T>
T receive_found(found_message& found) {
  union room {
    room() noexcept {}
    ~room() {}
    decoding_receive<T> op;
  } space;
  if (receive_payload(found, &space.op)) [[likely]] {
    T value = T();
    try {
      decode_message(found.payload.bytes(), value);
    } catch (const decode_error&) {
      throw_decode_failure(found);
    }
    found.from.comm.give_back(std::move(found.payload));
    return value;
  }
  auto* op = ::new (static_cast<void*>(&space.op)) decoding_receive<T>(found.from);
  const std::unique_ptr<decoding_receive<T>, void (*)(decoding_receive<T>*)> guard(
      op, [](decoding_receive<T>* made) { made->~decoding_receive(); });
  op->payload = std::move(found.payload);
  take_over(op->part, found, op->payload);
  op->wait_here("communicator::recv()", found.from.where);
  op->check();
  return op->take();
}

/// The blocking receive: the operation lives on the caller's stack.
template <class T>
T receive_and_wait(const receive_source& from) {
  using receive = typename decltype(receive_of<T>())::type;
  int looks = from.comm.on.looks_before_turning();
  if constexpr (std::is_same_v<receive, decoding_receive<T>>) {
    found_message found{from, {}, {}, op_number::completed, {}, false};
    if (find_message(found, std::exchange(looks, 0))) return receive_found<T>(found);
  }
  receive op(from);
  post_receive(op.part, from, looks);
  op.wait_here("communicator::recv()", from.where);
  op.check();
  return op.take();
}

future<std::size_t> start_borrowing_receive(const receive_source& from, region memory, std::uint64_t element_bytes,
                                            bool exact);
future<std::size_t> start_strided_receive(const receive_source& from, void* data, const datatype& layout,
                                          std::uint64_t element_bytes);

std::size_t receive_and_wait(const receive_source& from, region memory, std::uint64_t element_bytes, bool exact);
std::size_t receive_strided_and_wait(const receive_source& from, void* data, const datatype& layout,
                                     std::uint64_t element_bytes);

/// Memory of the caller that takes a message: a whole number of elements, or exactly all.
struct borrowed_room {
  region memory;
  std::uint64_t element_bytes;
  bool exact;
};

template <class R>
borrowed_room borrowed_room_of(R& target) {
  const region memory = region_of(target);
  if constexpr (value_class_of<R> == value_class::plain) {
    return {memory, sizeof(R), true};
  } else {
    const std::size_t items = std::size(target);
    const std::uint64_t bytes = memory.count * memory.type->packed_size();
    return {memory, items == 0 ? 1 : bytes / items, false};
  }
}

template <class R>
future<std::size_t> start_receive_into(const receive_source& from, R& target) {
  if constexpr (value_class_of<R> == value_class::strided) {
    return start_strided_receive(from, target.data(), target.type(), sizeof(*target.data()));
  } else {
    const borrowed_room room = borrowed_room_of(target);
    return start_borrowing_receive(from, room.memory, room.element_bytes, room.exact);
  }
}

template <class R>
std::size_t receive_into_and_wait(const receive_source& from, R& target) {
  if constexpr (value_class_of<R> == value_class::strided) {
    return receive_strided_and_wait(from, target.data(), target.type(), sizeof(*target.data()));
  } else {
    const borrowed_room room = borrowed_room_of(target);
    return receive_and_wait(from, room.memory, room.element_bytes, room.exact);
  }
}

}  // namespace weft::detail
