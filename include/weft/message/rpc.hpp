// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/message/remote_error.hpp>
#include <weft/message/remote_function.hpp>
#include <weft/message/rpc_engine.hpp>

namespace weft {

/// Whom a call is for, and for how long its caller waits: a rank, or `{rank, time}`.
struct callee {
  callee(int to, source_location from = source_location::current()) noexcept : rank(to), where(from) {}
  /// A time that is over already: the function is not asked for.
  callee(int to, duration time, source_location from = source_location::current()) noexcept
      : rank(to), within(time), where(from) {}
  int rank;
  duration within = duration::max();
  source_location where;
};

namespace detail {

template <class R>
struct call_operation final : value_operation<R>, pending_call {
  call_operation(loop& on, source_location where) noexcept : value_operation<R>(on, kind, where) {
    arrived = [](pending_call& self, answer_kind what, std::span<const std::byte> content) noexcept {
      static_cast<call_operation&>(self).conclude(what, content);
    };
    fire = [](timer_node& self) noexcept { static_cast<call_operation&>(self).expire(); };
  }
  ~call_operation() = default;

  void conclude(answer_kind what, std::span<const std::byte> content) noexcept {
    if (what == answer_kind::withdrawn) return this->cancelled();
    try {
      if (what == answer_kind::overloaded) return this->fail(std::make_exception_ptr(overload(callee, this->where())));
      if (what == answer_kind::failed) {
        return this->fail(std::make_exception_ptr(remote_error(read<remote_failure>(content), this->where())));
      }
      if constexpr (!std::is_void_v<R>) this->emplace(read<R>(content));
    } catch (...) {
      return this->fail(std::current_exception());
    }
    this->succeed();
  }
  void expire() noexcept {
    if (of != nullptr) of->withdraw(*this);
    this->fail(std::make_exception_ptr(timed_out(kind.name, this->where())));
  }
  static withdrawal leave(operation& self) noexcept {
    auto& me = static_cast<call_operation&>(self);
    if (me.of != nullptr) me.of->withdraw(me);
    me.cancelled();
    return withdrawal::withdrawn;
  }
  static constexpr operation::type kind{"rpc::call", never_completed, leave, destroy_operation<call_operation>,
                                        drop_policy::withdraw};

 private:
  template <class T>
  static T read(std::span<const std::byte> content) {
    T value{};
    reader in(content);
    decode(in, value);
    if (in.remaining() != 0) throw decode_error("more bytes than the result of a remote function");
    return value;
  }
};

/// Whether the first parameter of a remote function is the state that a rank supplies.
template <class State, class Arguments>
inline constexpr bool begins_with_state = false;
template <class State, class First, class... More>
inline constexpr bool begins_with_state<State, std::tuple<First, More...>> =
    std::is_same_v<First, std::add_lvalue_reference_t<State>>;

template <auto Function, class State>
using function_at =
    std::conditional_t<begins_with_state<State, typename signature<std::decay_t<decltype(Function)>>::arguments>,
                       remote_function<Function, State>, remote_function<Function>>;

}  // namespace detail

/// Remote procedure calls: ranks run functions for each other.
///
///     int add(int a, int b);
///     weft::rpc calls(ctx);
///     int sum = co_await calls.call<add>(1, 2, 3);            // on rank 1
///     int soon = co_await calls.call<add>({1, 50ms}, 2, 3);   // `timed_out` after 50 ms
///     calls.cast<log_line>(0, "done");                        // one way
///
/// A function is a plain function, a captureless lambda or a coroutine that returns `task<T>`, known at compile time;
/// arguments and result are anything that `docs/values.md` allows. With `rpc calls(ctx, state)` a function whose first
/// parameter is `State&` gets the state of the rank that runs it.
///
/// Constructing one is collective in order only, as with a port. Functions run on the callee's loop, in the order of
/// the calls of each rank, and must not block; coroutines run side by side and may call back. Calls to the own rank
/// work the same. What a function throws comes to the caller as `remote_error`, with its type, its text and both lines.
/// A call whose caller waits no more (its time is over, its future is dropped or its task cancelled) is not run if it
/// has not begun, and cancelled if it is a coroutine. Destroy it when no calls are on their way (after
/// `ctx.quiescence()` or a barrier behind the last answer); calls that wait then end with `operation_cancelled`.
template <class State = void>
class rpc final {
 public:
  explicit rpc(context& ctx, rpc_options options = {},
               source_location where = source_location::current()) requires(std::is_void_v<State>)
      : engine_(std::make_unique<detail::rpc_engine>(ctx, nullptr, 0, options, where)) {}
  template <class S>
  requires std::is_same_v<S, State> rpc(context& ctx, S& state, rpc_options options = {},
                                        source_location where = source_location::current())
      : engine_(std::make_unique<detail::rpc_engine>(ctx, &state, type_hash<std::tuple<State>>, options, where)) {}

  /// Runs `Function(arguments...)` on the rank, and is ready with its result. Throws `usage_error` for a rank that does
  /// not exist and what encoding the arguments throws; the future fails with `remote_error`, `rpc_overloaded` or
  /// `timed_out`.
  template <auto Function, class... Arguments>
  auto call(callee to, const Arguments&... arguments) {
    using function = detail::function_at<Function, State>;
    using awaited = detail::call_operation<typename function::result>;
    function::encode_arguments(engine_->begin_call(header_of<function>(), to.within), arguments...);
    auto* made = detail::make_operation<awaited>(engine_->on(), to.where);
    future<typename function::result> result(made);
    made->peer_ = to.rank;
    engine_->call(*made, to.rank, to.within);
    return result;
  }

  /// One way: nothing comes back. What the function throws is reported where it ran.
  template <auto Function, class... Arguments>
  void cast(callee to, const Arguments&... arguments) {
    using function = detail::function_at<Function, State>;
    function::encode_arguments(engine_->begin_cast(header_of<function>()), arguments...);
    engine_->cast(to.rank);
  }

  /// Calls of this rank whose answers have not come, and coroutines that it runs for others.
  std::size_t waiting() const noexcept { return engine_->waiting(); }
  std::size_t running() const noexcept { return engine_->running(); }

 private:
  template <class Function>
  static detail::call_header header_of() {
    detail::call_header header;
    header.function = Function::number();
    header.takes_state = Function::place != type_hash<std::tuple<>>;
    return header;
  }

  std::unique_ptr<detail::rpc_engine> engine_;
};

template <class State>
rpc(context&, State&, rpc_options = {}, source_location = {}) -> rpc<State>;
rpc(context&)->rpc<>;
rpc(context&, rpc_options, source_location = {})->rpc<>;

}  // namespace weft
