// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <weft/async/future.hpp>
#include <weft/async/group_awaiter.hpp>
#include <weft/async/task.hpp>
#include <weft/async/when_all.hpp>

namespace weft {

/// What `when_any` over moved-in futures yields: which was done first, and the value of each that has one. The losers
/// are withdrawn; a value that a loser received anyway is here too, so no message is lost.
template <class... Ts>
struct any_result {
  std::size_t index = 0;
  std::tuple<std::optional<detail::storable<Ts>>...> values;
};
template <class T>
struct any_of_vector_result {
  std::size_t index = 0;
  std::vector<std::optional<detail::storable<T>>> values;
};

namespace detail {

/// The first member that has a value or an error; if all that are done were cancelled, the first of those.
template <class ForEach>
std::size_t first_done(ForEach& each) {
  constexpr std::size_t none = ~std::size_t{0};
  std::size_t finished = none;
  std::size_t cancelled = none;
  std::size_t at = 0;
  each([&](operation& op) {
    std::size_t& first = op.state() == operation_state::cancelled ? cancelled : finished;
    if (op.done() && first == none) first = at;
    ++at;
  });
  return finished != none ? finished : cancelled;
}

template <class T>
std::optional<storable<T>> value_if_any(future<T>& f) {
  f.state()->withdraw();
  if (f.state()->state() != operation_state::succeeded) return std::nullopt;
  return take_from(f);
}

template <class... Ts>
struct each_of_references {
  std::tuple<future<Ts>&...> futures;
  template <class Visit>
  void operator()(Visit&& visit) const {
    std::apply([&visit](auto&... f) { (visit(static_cast<operation&>(*f.state())), ...); }, futures);
  }
};

template <class... Ts>
task<std::size_t> any_of_references(std::tuple<future<Ts>&...> futures, source_location where) {
  each_of_references<Ts...> each{futures};
  loop& on = std::get<0>(futures).state()->on();
  group_awaiter<each_of_references<Ts...>> any(on, each, 1, members::borrowed, "when_any", where);
  co_await any;
  co_return first_done(each);
}

template <class T>
task<std::size_t> any_of_vector(std::vector<future<T>>& futures, members whose, source_location where) {
  if (futures.empty()) throw usage_error("when_any of no futures would never complete", where);
  each_of_vector<T> each{futures};
  group_awaiter<each_of_vector<T>> any(futures.front().state()->on(), each, 1, whose, "when_any", where);
  co_await any;
  co_return first_done(each);
}

template <class T>
task<any_of_vector_result<T>> any_of_owned(std::vector<future<T>> futures, source_location where) {
  any_of_vector_result<T> result;
  result.index = co_await any_of_vector(futures, members::owned, where);
  futures[result.index].state()->check();
  for (future<T>& f : futures) result.values.push_back(value_if_any(f));
  co_return result;
}

template <class... Ts>
task<any_result<Ts...>> any_of_tuple(std::tuple<future<Ts>...> futures, source_location where) {
  each_of_tuple<Ts...> each{futures};
  loop& on = std::get<0>(futures).state()->on();
  group_awaiter<each_of_tuple<Ts...>> any(on, each, 1, members::owned, "when_any", where);
  co_await any;
  any_result<Ts...> result;
  result.index = first_done(each);
  std::size_t at = 0;
  each([&](operation& op) {
    if (at++ == result.index) op.check();
  });
  result.values =
      std::apply([](auto&... f) { return std::tuple<std::optional<storable<Ts>>...>(value_if_any(f)...); }, futures);
  co_return result;
}

}  // namespace detail

/// The index of a future that is done. All stay with the caller: the losers pending, the winner's value in it.
template <class... Ts>
requires(sizeof...(Ts) > 0) task<std::size_t> when_any(future<Ts>&... futures) {
  return detail::any_of_references<Ts...>(std::tie(futures...), {});
}
template <class T>
task<std::size_t> when_any(std::vector<future<T>>& futures, source_location where = source_location::current()) {
  return detail::any_of_vector(futures, detail::members::borrowed, where);
}
/// Moved-in futures and tasks: see `any_result`. Throws the winner's error, if it failed.
template <class... Waits>
requires(sizeof...(Waits) > 0 && (std::is_rvalue_reference_v<Waits&&> && ...) &&
         ((is_future<Waits> || is_task<Waits>)&&...)) auto when_any(Waits&&... waits) {
  const source_location where{};
  return detail::any_of_tuple(std::tuple(detail::as_future(std::move(waits), where)...), where);
}
template <class T>
task<any_of_vector_result<T>> when_any(std::vector<future<T>>&& futures,
                                       source_location where = source_location::current()) {
  return detail::any_of_owned(std::move(futures), where);
}

}  // namespace weft
