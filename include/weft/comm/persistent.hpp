// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <weft/async/future.hpp>
#include <weft/comm/communicator.hpp>
#include <weft/comm/value.hpp>

namespace weft {
namespace detail {
struct persistent_state;
struct persistent_arguments {
  comm_state& comm;
  int peer;
  int tag;
  region memory;
  std::uint64_t element_bytes;
  bool is_receive;
  source_location where;
};
}  // namespace detail

/// A send or receive that is prepared once and started many times (a halo exchange): starting it allocates nothing.
/// Made by `send_init` and `recv_init`; borrows its memory for as long as it lives. Move-only.
class persistent {
 public:
  persistent() noexcept = default;
  persistent(persistent&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  persistent& operator=(persistent&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  /// What is started goes on until its future is done.
  ~persistent();

  /// Starts it; the value is the number of elements sent or received. As for `isend` and `irecv` of borrowed memory:
  /// dropping a receive's future withdraws it, dropping a send's waits. Throws `usage_error` while it is started.
  [[nodiscard]] future<std::size_t> start(source_location where = source_location::current());

  explicit persistent(const detail::persistent_arguments& arguments);

 private:
  detail::persistent_state* state_ = nullptr;
};

namespace detail {
template <class R>
std::uint64_t element_bytes_of(R& memory) {
  if constexpr (value_class_of<R> == value_class::plain) {
    return sizeof(R);
  } else {
    return sizeof(*std::data(memory));
  }
}
}  // namespace detail

/// Prepares sending `memory` (a view, or an lvalue range or plain value) to rank `dest`. Local.
template <class V>
requires(std::is_lvalue_reference_v<V> || detail::is_view<std::remove_cvref_t<V>> ||
         detail::is_strided<std::remove_cvref_t<V>>) persistent
    send_init(const communicator& comm, int dest, int tag, V&& memory,
              source_location where = source_location::current()) {
  const auto from = detail::const_region_of(memory);
  // The world takes one kind of pointer for both directions; a send only reads.
  return persistent({comm.state(),
                     dest,
                     tag,
                     {const_cast<void*>(from.data), from.count, from.type},
                     detail::element_bytes_of(memory),
                     false,
                     where});
}

/// Prepares receiving into `memory` (a mutable view, or an lvalue range or plain value). Local.
template <class V>
requires detail::receive_target<V> persistent recv_init(const communicator& comm, V&& memory, int source = any_source,
                                                        int tag = any_tag,
                                                        source_location where = source_location::current()) {
  return persistent(
      {comm.state(), source, tag, detail::region_of(memory), detail::element_bytes_of(memory), true, where});
}

/// Starts all, in order. `started` is replaced by their futures (its storage is kept), for `when_all` or `wait_all`.
void start_all(std::span<persistent> operations, std::vector<future<std::size_t>>& started,
               source_location where = source_location::current());
/// Blocks plain code until all are done; then throws the first error.
void wait_all(std::span<future<std::size_t>> started, source_location where = source_location::current());

}  // namespace weft
