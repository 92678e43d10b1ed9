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

/// A started send. What it sends is borrowed, or a member of a derived class.
class send_operation : public value_operation<void> {
 public:
  send_operation(const send_target& to, const operation::type& kind)
      : value_operation<void>(to.comm.on, kind, to.where), comm_(&to.comm) {}

  /// Starts it; throws `usage_error` for a rank or tag out of range, `world_error`; then it is done and without effect.
  void start(const send_target& to, const_region data);
  comm_state& comm() const noexcept { return *comm_; }

  static void complete(operation& self, const completion& result) noexcept;
  static withdrawal refuse(operation&) noexcept { return withdrawal::impossible; }

 protected:
  ~send_operation() = default;

 private:
  comm_ref comm_;
};

/// Sends memory of the caller.
struct borrowing_send final : send_operation {
  explicit borrowing_send(const send_target& to) : send_operation(to, kind) {}
  static constexpr operation::type kind{"isend", complete, refuse, destroy_operation<borrowing_send>,
                                        drop_policy::hold};
};

/// Sends a value that was copied or moved in.
template <class T>
struct owning_send final : send_operation {
  template <class V>
  owning_send(const send_target& to, V&& v) : send_operation(to, kind), value(std::forward<V>(v)) {}
  static constexpr operation::type kind{"isend", complete, refuse, destroy_operation<owning_send>, drop_policy::park};
  T value;
};

/// Sends a value's encoding.
struct encoded_send final : send_operation {
  encoded_send(const send_target& to, byte_buffer encoding) : send_operation(to, kind), payload(std::move(encoding)) {}
  ~encoded_send() { comm().give_back(std::move(payload)); }
  static constexpr operation::type kind{"isend", complete, refuse, destroy_operation<encoded_send>, drop_policy::park};
  byte_buffer payload;
};

future<void> start_borrowing_send(const send_target& to, const_region data);
future<void> start_encoded_send(const send_target& to, byte_buffer payload);

template <class T, class V>
future<void> start_owning_send(const send_target& to, V&& value) {
  auto* op = make_operation<owning_send<T>>(to, std::forward<V>(value));
  future<void> result(op);
  const region data = region_of(op->value);
  op->start(to, {data.data, data.count, data.type});
  return result;
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
