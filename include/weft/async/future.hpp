// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <type_traits>
#include <utility>

#include <weft/async/loop.hpp>
#include <weft/async/operation.hpp>
#include <weft/async/task_root.hpp>

namespace weft {

template <class T>
class future;

/// Where a received value came from.
struct message_status {
  int source = any_source;
  int tag = any_tag;
  std::uint64_t bytes = 0;
};

namespace detail {

/// What a coroutine suspends on when it awaits an operation.
class operation_awaiter : waiter, cancellation_point {
 public:
  explicit operation_awaiter(operation& op) noexcept : op_(op) {}
  operation_awaiter(const operation_awaiter&) = delete;
  operation_awaiter& operator=(const operation_awaiter&) = delete;
  /// A coroutine of another library may be destroyed while it waits.
  ~operation_awaiter() {
    if (coroutine_) leave();
    if (std::exchange(owns_, false)) op_.release_owner();
  }

  bool await_ready() const noexcept { return op_.done(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept {
    return suspend(coroutine, root_of(coroutine.promise()));
  }

 protected:
  void resumed() noexcept { coroutine_ = nullptr; }
  void check() {
    resumed();
    if (cancelled_) [[unlikely]]
      throw operation_cancelled(op_.kind().name, op_.where());
    op_.check();
  }

 private:
  bool suspend(std::coroutine_handle<> coroutine, task_root* root) noexcept;
  void leave() noexcept;
  static void resume(waiter& self) noexcept;
  static std::coroutine_handle<> abandon(cancellation_point& self) noexcept;

  operation& op_;
  std::coroutine_handle<> coroutine_;
  task_root* root_ = nullptr;
  bool owns_ = false;
  bool cancelled_ = false;
};

template <class T>
class future_awaiter : public operation_awaiter {
 public:
  explicit future_awaiter(value_operation<T>& op) noexcept : operation_awaiter(op), op_(op) {}
  T await_resume() {
    check();
    return op_.take();
  }

 private:
  value_operation<T>& op_;
};

}  // namespace detail

/// A value that comes later: awaited by a coroutine, followed by a callback, or waited for by plain code. Move-only; it
/// owns its operation, and moving it moves a pointer. The value is taken once (by `co_await` or `get`); the status of a
/// receive stays readable afterwards.
///
/// Destroying a pending future: a receive, a timer, a wait in a local object is withdrawn; a send that owns its buffer
/// goes on without it; one that borrows the caller's buffer holds the caller until the transport lets the buffer go.
template <class T>
class future {
 public:
  using value_type = T;

  future() noexcept = default;
  explicit future(value_operation<T>* op) noexcept : op_(op) {}
  future(future&& other) noexcept : op_(std::exchange(other.op_, nullptr)) {}
  future& operator=(future&& other) noexcept {
    if (this == &other) return *this;
    reset();
    op_ = std::exchange(other.op_, nullptr);
    return *this;
  }
  ~future() { reset(); }

  /// False for a default-constructed or moved-from future.
  bool valid() const noexcept { return op_ != nullptr; }
  /// True once the operation is done (with a value or an error). Makes no progress: see `context::poll`.
  bool ready() const noexcept { return op_->done(); }

  /// Blocks plain code until it is done and takes the value, or throws its error.
  /// Throws `would_deadlock` from code that the loop runs.
  T get(source_location where = source_location::current()) {
    if (!op_->done()) op_->on().wait(*op_, "future::get()", where);
    op_->check();
    return op_->take();
  }
  /// Blocks plain code until it is done.
  void wait(source_location where = source_location::current()) const {
    if (!op_->done()) op_->on().wait(*op_, "future::wait()", where);
  }
  /// Blocks plain code for at most `time` (but turns the loop once); returns whether it is done. The future stays valid
  /// and nothing is withdrawn.
  bool wait_for(duration time, source_location where = source_location::current()) const {
    loop& on = op_->on();
    return op_->done() || on.wait_until(*op_, saturating_add(on.now(), time), "future::wait_for()", where);
  }

  /// Withdraws the operation if that is still possible. True: it never happened, and the future is ready with
  /// `operation_cancelled`. False: it has completed (its value is there), or it goes on (a send; a task that is running
  /// now, which ends at its next await).
  bool cancel() noexcept { return op_->withdraw() == withdrawal::withdrawn; }

  /// Source, tag and size of a received message, once it is ready.
  message_status status() const noexcept { return {op_->peer_, op_->tag_, op_->bytes}; }

  /// Attaches a callback, run by the loop when the future is done. It takes the value (then errors pass to the future
  /// that `then` returns) or the ready `future<T>` itself. Consumes this future. Dropping the returned future does not
  /// cancel the callback; an error that nobody sees is reported.
  template <safe_callable F>
  auto then(F&& callback, source_location where = source_location::current()) &&;

  auto operator co_await() noexcept { return detail::future_awaiter<T>(*op_); }

  /// The operation behind it, for the library's own composition.
  value_operation<T>* state() const noexcept { return op_; }
  value_operation<T>* release() noexcept { return std::exchange(op_, nullptr); }

 private:
  void reset() noexcept {
    if (op_ != nullptr) std::exchange(op_, nullptr)->drop();
  }
  value_operation<T>* op_ = nullptr;
};

template <class T>
inline constexpr bool is_future = false;
template <class T>
inline constexpr bool is_future<future<T>> = true;

namespace detail {
template <class T>
struct promised_operation final : value_operation<T> {
  promised_operation(loop& on, const operation::type& kind, source_location where) noexcept
      : value_operation<T>(on, kind, where) {}
  static withdrawal take_back(operation& self) noexcept {
    self.cancelled();
    return withdrawal::withdrawn;
  }
  /// The type table of promises that the records call `name`.
  static constexpr operation::type named(const char* name) noexcept {
    return {name, never_completed, take_back, destroy_operation<promised_operation>, drop_policy::withdraw};
  }
  static constexpr operation::type unnamed = named("promise");
};
}  // namespace detail

/// The producing end of a future on one loop. Setting a value after the future was cancelled or dropped does nothing.
/// Destroyed without a value, it fails the future with `operation_cancelled`.
template <class T>
class promise {
 public:
  explicit promise(loop& on, source_location where = source_location::current())
      : promise(on, detail::promised_operation<T>::unnamed, where) {}
  /// For the library's own promises: `kind` names what is awaited and outlives the future.
  promise(loop& on, const operation::type& kind, source_location where)
      : op_(detail::make_operation<detail::promised_operation<T>>(on, kind, where)) {
    op_->add_owner();
    first_ = op_;
  }
  promise(promise&& other) noexcept
      : op_(std::exchange(other.op_, nullptr)), first_(std::exchange(other.first_, nullptr)) {}
  promise& operator=(promise&& other) noexcept {
    std::swap(op_, other.op_);
    std::swap(first_, other.first_);
    return *this;
  }
  ~promise() {
    if (op_ == nullptr) return;
    if (!op_->done()) op_->cancelled();
    if (first_ != nullptr) first_->drop();
    op_->release_owner();
  }

  /// Once.
  future<T> get_future() noexcept { return future<T>(std::exchange(first_, nullptr)); }
  /// False once the future has its value or error, or was cancelled or dropped.
  bool wanted() const noexcept { return !op_->done(); }

  template <class... Args>
  void set_value(Args&&... args) {
    if (op_->done()) return;
    if constexpr (!std::is_void_v<T>) op_->emplace(std::forward<Args>(args)...);
    op_->succeed();
  }
  void set_error(std::exception_ptr error) noexcept {
    if (!op_->done()) op_->fail(std::move(error));
  }

 private:
  detail::promised_operation<T>* op_;
  detail::promised_operation<T>* first_ = nullptr;
};

}  // namespace weft
