// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/comm/collectives.hpp>
#include <weft/comm/comm_state.hpp>
#include <weft/comm/receive.hpp>
#include <weft/comm/send.hpp>

namespace weft {

/// A communicator of one rank: its ranks, and typed operations among them. A cheap handle; copies share one
/// communicator, which is freed when the last copy is gone and nothing is pending on it. Belongs to one loop and
/// thread.
///
/// Each operation has two forms: with MPI's `i` it returns a `future`, which code that the loop runs awaits; without it
/// blocks plain code and turns the loop meanwhile, and throws `would_deadlock` in code that the loop runs.
///
/// Values, each of them one message (docs/messages.md):
///  - numbers, enums, complex, plain aggregates, pairs, tuples, types declared to Boost.MPI: as they lie in memory;
///  - contiguous ranges of such (span, vector, string, array): the elements, without a copy;
///  - `strided(...)`: blocks at equal distances (a matrix column, a halo), without a copy;
///  - everything else: encoded (core/codec.hpp), with a type hash that the receiver checks.
///
/// Who owns what: a range or string moved in belongs to the operation. An lvalue range or a view is borrowed: it must
/// stay until the future is done, and the future's destructor waits for that. Lvalue scalars and aggregates and encoded
/// values are copied in the call.
///
/// All calls throw `usage_error` for a rank or tag that does not exist and `world_error` when the world refuses. A
/// message that does not fit its receive fails it with `message_mismatch` and is consumed.
class communicator : public collectives {
 public:
  /// The calling rank's handle of the transport's communicator `id`, which stays the transport's. Once per `id`: two
  /// that are not copies of each other would not see each other's receives. Local.
  communicator(loop& on, comm_id id) : communicator(on, id, false) {}
  /// No communicator: what `split` gives a rank of negative colour. Only `operator bool` may be called.
  communicator() noexcept = default;
  explicit operator bool() const noexcept { return state_.get() != nullptr; }

  int rank() const noexcept { return state_->rank; }
  int size() const noexcept { return state_->size; }
  loop& on() const noexcept { return state_->on; }
  comm_id id() const noexcept { return state_->id; }

  // --- sending -----------------------------------------------------------------------------------------------------
  /// Starts sending `value` to rank `dest`. Done when the value's memory may be used again, which says nothing about
  /// the receiver. A send cannot be withdrawn: if its future is dropped, one that owns its value goes on by itself, and
  /// one that borrows holds the caller until the memory is free.
  template <class V>
  [[nodiscard]] future<void> isend(int dest, int tag, V&& value, source_location where = source_location::current()) {
    return detail::start_send(target(dest, tag, send_mode::standard, where), std::forward<V>(value));
  }
  /// As `isend`; done when the receiver has begun to receive it.
  template <class V>
  [[nodiscard]] future<void> issend(int dest, int tag, V&& value, source_location where = source_location::current()) {
    return detail::start_send(target(dest, tag, send_mode::synchronous, where), std::forward<V>(value));
  }
  template <class V>
  void send(int dest, int tag, V&& value, source_location where = source_location::current()) {
    refuse_in_loop("communicator::send()", where);
    detail::send_and_wait(target(dest, tag, send_mode::standard, where), value);
  }
  template <class V>
  void ssend(int dest, int tag, V&& value, source_location where = source_location::current()) {
    refuse_in_loop("communicator::ssend()", where);
    detail::send_and_wait(target(dest, tag, send_mode::synchronous, where), value);
  }

  // --- receiving ---------------------------------------------------------------------------------------------------
  /// Starts receiving a `T` (its own object: no view). A vector or string of plain elements takes the message's size.
  /// The future's `status()` tells source, tag and size. Dropped or cancelled, it is withdrawn.
  template <class T>
  requires detail::receivable<T>
  [[nodiscard]] future<T> irecv(int source = any_source, int tag = any_tag,
                                source_location where = source_location::current()) {
    return detail::start_receive_of<T>(origin(source, tag, where));
  }
  /// Starts receiving into memory of the caller: a mutable view, or an lvalue range or plain value. A range's size is
  /// the most that fits. The future's value is the number of elements received.
  template <class R>
  requires detail::receive_target<R>
  [[nodiscard]] future<std::size_t> irecv(R&& into, int source = any_source, int tag = any_tag,
                                          source_location where = source_location::current()) {
    return detail::start_receive_into(origin(source, tag, where), into);
  }
  /// Starts receiving into a vector or string that is moved in; it comes back shrunk to the message. Its size is the
  /// most that fits. The quickest way for messages whose largest size is known.
  template <class T>
  requires(!std::is_reference_v<T> && !std::is_const_v<T> &&
           detail::value_class_of<T> == detail::value_class::resizable)
      [[nodiscard]] future<T> irecv(T&& room, int source = any_source, int tag = any_tag,
                                    source_location where = source_location::current()) {
    return detail::start_receive<detail::bound_receive<T>, T>(origin(source, tag, where), std::move(room));
  }

  template <class T>
  requires detail::receivable<T> T recv(int source = any_source, int tag = any_tag,
                                        source_location where = source_location::current()) {
    refuse_in_loop("communicator::recv()", where);
    return detail::receive_and_wait<T>(origin(source, tag, where));
  }
  /// Returns the number of elements received.
  template <class R>
  requires detail::receive_target<R> std::size_t recv(R&& into, int source = any_source, int tag = any_tag,
                                                      source_location where = source_location::current()) {
    refuse_in_loop("communicator::recv()", where);
    return detail::receive_into_and_wait(origin(source, tag, where), into);
  }

  /// Sends `value` to `dest` and receives a `T` from `source`, at the same time.
  template <class T, class V>
  requires detail::receivable<T> T sendrecv(int dest, int send_tag, V&& value, int source, int recv_tag,
                                            source_location where = source_location::current()) {
    refuse_in_loop("communicator::sendrecv()", where);
    future<T> incoming = detail::start_receive_of<T>(origin(source, recv_tag, where));
    finish(detail::start_send(target(dest, send_tag, send_mode::standard, where), std::forward<V>(value)), where);
    return finish(std::move(incoming), where);
  }

  // --- probing -----------------------------------------------------------------------------------------------------
  /// The first message that would match a receive from `source` with `tag` posted now, which stays where it is; or
  /// nothing. Local.
  std::optional<message_status> iprobe(int source = any_source, int tag = any_tag,
                                       source_location where = source_location::current());
  /// Blocks until there is one.
  message_status probe(int source = any_source, int tag = any_tag, source_location where = source_location::current());

  // --- more communicators ------------------------------------------------------------------------------------------
  /// Collective, in the same order on all ranks: a communicator of the same ranks, whose messages are apart. It runs
  /// after those started before it.
  [[nodiscard]] future<communicator> idup(source_location where = source_location::current());
  communicator dup(source_location where = source_location::current());
  /// Collective, in the same order on all ranks: one communicator for each colour, its ranks ordered by `key`, then by
  /// rank here. A rank of negative colour gets none.
  [[nodiscard]] future<communicator> isplit(int colour, int key = 0,
                                            source_location where = source_location::current());
  communicator split(int colour, int key = 0, source_location where = source_location::current());

  /// A handle that owns `id`: it is freed when the last copy is gone. For what makes communicators outside.
  static communicator owning(loop& on, comm_id id) { return communicator(on, id, true); }

  /// What the copies share, for the library's own composition.
  detail::comm_state& state() const noexcept { return *state_; }

 private:
  communicator(loop& on, comm_id id, bool owned) : collectives(new detail::comm_state(on, id, owned)) {}

  detail::send_target target(int dest, int tag, send_mode mode, source_location where) const noexcept {
    return {*state_, dest, tag, mode, where};
  }
  detail::receive_source origin(int source, int tag, source_location where) const noexcept {
    return {*state_, source, tag, where};
  }
  template <class T>
  T finish(future<T>&& started, source_location where) const {
    return started.get(where);
  }
};

}  // namespace weft
