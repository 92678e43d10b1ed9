// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <weft/async/future.hpp>
#include <weft/comm/collective_bodies.hpp>
#include <weft/comm/comm_state.hpp>
#include <weft/comm/reductions.hpp>
#include <weft/core/error.hpp>

namespace weft {

/// The collectives of a communicator: inherited by `communicator`, and used through it. Every rank must call them in
/// the same order. Values are taken and returned by value, so that a future owns all that it needs; calls with a view
/// work in the caller's memory, and their futures' destructors wait until it is free. A collective cannot be withdrawn:
/// dropped, it goes on by itself.
///
/// Values of the same size on all ranks take one call of the world. Vectors, strings (of any size on each rank) and
/// encoded values take two: the sizes first.
///
/// Reductions combine plain values, or the elements of arrays, vectors (of the same size on all ranks) and views, by
/// `sum`, `product`, `minimum`, `maximum`, `logical_and/or`, `bit_and/or/xor`, or by a function object without captures
/// (wrapped in `commutative(...)` if its arguments may be swapped).
class collectives {
 public:
  /// Collective. Done when every rank has called it.
  [[nodiscard]] future<void> ibarrier(source_location where = source_location::current()) {
    return detail::start_collective<void, detail::barrier_body>(*state_, where);
  }
  void barrier(source_location where = source_location::current()) {
    refuse_in_loop("communicator::barrier()", where);
    ibarrier(where).get(where);
  }

  /// Collective. Every rank's future holds the root's value; what the others pass is ignored.
  template <class T>
  requires detail::receivable<T>
  [[nodiscard]] future<T> ibcast(T value, int root, source_location where = source_location::current()) {
    detail::check_root(*state_, root, "ibcast", where);
    return detail::start_collective<T, detail::bcast_body<T>>(*state_, where, std::move(value), root,
                                                              state_->rank == root);
  }
  /// In the caller's memory, of the same size on all ranks.
  template <class V>
  requires detail::is_mutable_view<V>
  [[nodiscard]] future<void> ibcast(V memory, int root, source_location where = source_location::current()) {
    detail::check_root(*state_, root, "ibcast", where);
    return detail::start_collective<void, detail::bcast_view_body>(*state_, where, detail::region_of(memory), root);
  }
  /// Collective. Replaces `value` by the root's on all other ranks.
  template <class T>
  void bcast(T&& value, int root, source_location where = source_location::current()) {
    refuse_in_loop("communicator::bcast()", where);
    if constexpr (detail::is_mutable_view<std::remove_cvref_t<T>>) {
      ibcast(value, root, where).get(where);
    } else {
      static_assert(std::is_lvalue_reference_v<T>, "weft: bcast replaces its argument: pass an lvalue, or use ibcast");
      detail::check_root(*state_, root, "bcast", where);
      value = ibcast(std::remove_cvref_t<T>(std::move(value)), root, where).get(where);
    }
  }

  /// Collective. The root's future holds the combination of all ranks' values in rank order, the others' nothing.
  template <class T, class F>
  requires detail::receivable<T>
  [[nodiscard]] future<std::optional<T>> ireduce(T value, F by, int root,
                                                 source_location where = source_location::current()) {
    detail::check_root(*state_, root, "ireduce", where);
    return start_reduce<detail::reduce_form::reduce>(std::move(value), by, root, where);
  }
  template <class T, class F>
  std::optional<T> reduce(T value, F by, int root, source_location where = source_location::current()) {
    refuse_in_loop("communicator::reduce()", where);
    return ireduce(std::move(value), by, root, where).get(where);
  }

  /// Collective. Every rank's future holds the combination of all ranks' values.
  template <class T, class F>
  requires detail::receivable<T>
  [[nodiscard]] future<T> iallreduce(T value, F by, source_location where = source_location::current()) {
    return start_reduce<detail::reduce_form::allreduce>(std::move(value), by, 0, where);
  }
  /// In the caller's memory.
  template <class E, std::size_t N, class F>
  [[nodiscard]] future<void> iallreduce(std::span<E, N> values, F by,
                                        source_location where = source_location::current()) {
    using view = std::span<E, N>;
    using how = detail::reduction_of<view, F>;
    return detail::start_collective<void, detail::reduce_view_body<detail::reduce_form::allreduce>>(
        *state_, where, how::memory(values), how::operation(by), 0);
  }
  template <class T, class F>
  auto allreduce(T value, F by, source_location where = source_location::current()) {
    refuse_in_loop("communicator::allreduce()", where);
    return iallreduce(std::move(value), by, where).get(where);
  }

  /// Collective. Rank r's future holds the combination of the values of ranks 0 to r.
  template <class T, class F>
  requires detail::receivable<T>
  [[nodiscard]] future<T> iscan(T value, F by, source_location where = source_location::current()) {
    return start_reduce<detail::reduce_form::scan>(std::move(value), by, 0, where);
  }
  template <class T, class F>
  T scan(T value, F by, source_location where = source_location::current()) {
    refuse_in_loop("communicator::scan()", where);
    return iscan(std::move(value), by, where).get(where);
  }

  /// Collective. Rank r's future holds the combination of the values of ranks 0 to r - 1; rank 0's, zeros.
  template <class T, class F>
  requires detail::receivable<T>
  [[nodiscard]] future<T> iexscan(T value, F by, source_location where = source_location::current()) {
    return start_reduce<detail::reduce_form::exscan>(std::move(value), by, 0, where);
  }
  template <class T, class F>
  T exscan(T value, F by, source_location where = source_location::current()) {
    refuse_in_loop("communicator::exscan()", where);
    return iexscan(std::move(value), by, where).get(where);
  }

  /// Collective. The root's future holds every rank's value, in rank order, the others' an empty vector.
  template <class T>
  requires detail::receivable<T>
  [[nodiscard]] future<std::vector<T>> igather(T value, int root, source_location where = source_location::current()) {
    detail::check_root(*state_, root, "igather", where);
    return start_gather(std::move(value), root, where);
  }
  template <class T>
  std::vector<T> gather(T value, int root, source_location where = source_location::current()) {
    refuse_in_loop("communicator::gather()", where);
    return igather(std::move(value), root, where).get(where);
  }
  /// Collective. Every rank's future holds every rank's value, in rank order.
  template <class T>
  requires detail::receivable<T>
  [[nodiscard]] future<std::vector<T>> iallgather(T value, source_location where = source_location::current()) {
    return start_gather(std::move(value), -1, where);
  }
  template <class T>
  std::vector<T> allgather(T value, source_location where = source_location::current()) {
    refuse_in_loop("communicator::allgather()", where);
    return iallgather(std::move(value), where).get(where);
  }

  /// Collective. Rank r's future holds the root's `values[r]`; the root passes one value for each rank, what the others
  /// pass is ignored.
  template <class T>
  requires detail::receivable<T>
  [[nodiscard]] future<T> iscatter(std::vector<T> values, int root,
                                   source_location where = source_location::current()) {
    detail::check_root(*state_, root, "iscatter", where);
    if (state_->rank == root) check_one_each(values.size(), "iscatter", where);
    using body =
        std::conditional_t<detail::is_known_size<T>, detail::scatter_body<T>, detail::scatter_variable_body<T>>;
    return detail::start_collective<T, body>(*state_, where, std::move(values), root);
  }
  template <class T>
  T scatter(std::vector<T> values, int root, source_location where = source_location::current()) {
    refuse_in_loop("communicator::scatter()", where);
    return iscatter(std::move(values), root, where).get(where);
  }

  /// Collective. Sends `values[r]` to rank r; the future holds what each rank sent to this one, in rank order.
  template <class T>
  requires detail::receivable<T>
  [[nodiscard]] future<std::vector<T>> ialltoall(std::vector<T> values,
                                                 source_location where = source_location::current()) {
    check_one_each(values.size(), "ialltoall", where);
    using body =
        std::conditional_t<detail::is_known_size<T>, detail::alltoall_body<T>, detail::alltoall_variable_body<T>>;
    return detail::start_collective<std::vector<T>, body>(*state_, where, std::move(values));
  }
  template <class T>
  std::vector<T> alltoall(std::vector<T> values, source_location where = source_location::current()) {
    refuse_in_loop("communicator::alltoall()", where);
    return ialltoall(std::move(values), where).get(where);
  }

 protected:
  collectives() noexcept = default;
  explicit collectives(detail::comm_state* state) noexcept : state_(state) {}
  ~collectives() = default;
  collectives(const collectives&) = default;
  collectives(collectives&&) noexcept = default;
  collectives& operator=(const collectives&) = default;
  collectives& operator=(collectives&&) noexcept = default;

  void refuse_in_loop(const char* call, source_location where) const {
    if (state_->on.running()) [[unlikely]]
      throw would_deadlock(call, where);
  }

  detail::comm_ref state_;

 private:
  template <detail::reduce_form Form, class T, class F>
  auto start_reduce(T value, F by, int root, source_location where) {
    using body = detail::reduce_body<Form, T, F>;
    return detail::start_collective<typename body::result, body>(*state_, where, std::move(value), by, state_->rank,
                                                                 root);
  }
  template <class T>
  future<std::vector<T>> start_gather(T value, int root, source_location where) {
    using body = std::conditional_t<detail::is_known_size<T>, detail::gather_body<T>, detail::gather_variable_body<T>>;
    return detail::start_collective<std::vector<T>, body>(*state_, where, std::move(value), root, state_->rank,
                                                          state_->size);
  }
  void check_one_each(std::size_t values, const char* call, source_location where) const;
};

}  // namespace weft
