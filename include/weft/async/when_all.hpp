// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <weft/async/future.hpp>
#include <weft/async/group_awaiter.hpp>
#include <weft/async/spawn.hpp>
#include <weft/async/task.hpp>

namespace weft {
namespace detail {

/// `void` results stand as `std::monostate` in tuples.
template <class T>
using storable = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
storable<T> take_from(future<T>& f) {
  f.state()->check();
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return f.state()->take();
  }
}

/// Visits the operations of a vector of futures.
template <class T>
struct each_of_vector {
  std::vector<future<T>>& futures;
  template <class Visit>
  void operator()(Visit&& visit) const {
    for (future<T>& f : futures) visit(static_cast<operation&>(*f.state()));
  }
};

template <class... Ts>
struct each_of_tuple {
  std::tuple<future<Ts>...>& futures;
  template <class Visit>
  void operator()(Visit&& visit) const {
    std::apply([&visit](auto&... f) { (visit(static_cast<operation&>(*f.state())), ...); }, futures);
  }
};

template <class T>
task<void> all_of_vector(std::vector<future<T>>& futures, members whose, source_location where) {
  if (futures.empty()) co_return;
  each_of_vector<T> each{futures};
  group_awaiter<each_of_vector<T>> all(futures.front().state()->on(), each, futures.size(), whose, "when_all", where);
  co_await all;
  throw_first_error(each);
}

template <class T>
task<std::conditional_t<std::is_void_v<T>, void, std::vector<storable<T>>>> all_of_owned(std::vector<future<T>> futures,
                                                                                         source_location where) {
  co_await all_of_vector(futures, members::owned, where);
  if constexpr (!std::is_void_v<T>) {
    std::vector<T> values;
    values.reserve(futures.size());
    for (future<T>& f : futures) values.push_back(f.state()->take());
    co_return values;
  }
}

template <class... Ts>
task<std::tuple<storable<Ts>...>> all_of_tuple(std::tuple<future<Ts>...> futures, source_location where) {
  each_of_tuple<Ts...> each{futures};
  loop& on = std::get<0>(futures).state()->on();
  group_awaiter<each_of_tuple<Ts...>> all(on, each, sizeof...(Ts), members::owned, "when_all", where);
  co_await all;
  throw_first_error(each);
  co_return std::apply([](auto&... f) { return std::tuple<storable<Ts>...>(take_from(f)...); }, futures);
}

template <class T>
future<T> as_future(future<T>&& f, source_location) {
  return std::move(f);
}
template <class T>
future<T> as_future(task<T>&& body, source_location where) {
  return launch(loop::current_or_throw("when_all/when_any of tasks", where), std::move(body), nullptr, where);
}

}  // namespace detail

/// Completes when all of `futures` are done; the values stay in them. Throws the first error (in the vector's order).
template <class T>
task<void> when_all(std::vector<future<T>>& futures, source_location where = source_location::current()) {
  return detail::all_of_vector(futures, detail::members::borrowed, where);
}
/// Completes with the values, in order (nothing for `future<void>`). Throws the first error.
template <class T>
auto when_all(std::vector<future<T>>&& futures, source_location where = source_location::current()) {
  return detail::all_of_owned(std::move(futures), where);
}
/// Completes with a tuple of the values (`std::monostate` for void). Throws the first error, after all are done.
/// Tasks among the arguments run side by side; then the call must come from code that the loop runs.
template <class... Waits>
requires(sizeof...(Waits) > 0 && (std::is_rvalue_reference_v<Waits&&> && ...) &&
         ((is_future<Waits> || is_task<Waits>)&&...)) auto when_all(Waits&&... waits) {
  const source_location where{};
  return detail::all_of_tuple(std::tuple(detail::as_future(std::move(waits), where)...), where);
}

}  // namespace weft
