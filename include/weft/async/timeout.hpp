// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/async/spawn.hpp>
#include <weft/async/task.hpp>
#include <weft/async/timer_queue.hpp>

namespace weft {
namespace detail {

/// Suspends until an operation is done or a deadline has passed, whichever comes first.
class deadline_awaiter : waiter, timer_node, cancellation_point {
 public:
  deadline_awaiter(operation& op, time_point deadline) noexcept : op_(op), until_(deadline) {}
  deadline_awaiter(const deadline_awaiter&) = delete;
  deadline_awaiter& operator=(const deadline_awaiter&) = delete;
  ~deadline_awaiter() {
    if (coroutine_) give_up();
  }

  bool await_ready() const noexcept { return op_.done(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> coroutine) {
    return suspend(coroutine, root_of(coroutine.promise()));
  }
  void await_resume();

 private:
  bool suspend(std::coroutine_handle<> coroutine, task_root* root);
  void leave() noexcept;
  void give_up() noexcept;  ///< the coroutine is destroyed while it waits
  void wake() noexcept;

  operation& op_;
  time_point until_;
  std::coroutine_handle<> coroutine_;
  task_root* root_ = nullptr;
  bool cancelled_ = false;
};

/// After the deadline: withdraws the operation, and throws `timed_out` unless it had completed after all.
void expire(operation& op, source_location where);

template <class T>
task<T> await_until(future<T> wait, time_point deadline, source_location where) {
  deadline_awaiter until(*wait.state(), deadline);
  co_await until;
  expire(*wait.state(), where);
  co_return co_await wait;
}
template <class T>
task<T> await_borrowed_until(future<T>& wait, time_point deadline, source_location where) {
  deadline_awaiter until(*wait.state(), deadline);
  co_await until;
  expire(*wait.state(), where);
  co_return co_await wait;
}

}  // namespace detail

/// The value, or `timed_out` when it is not there by `deadline`. No message is lost: the operation is withdrawn first,
/// and if that comes too late its value is returned. A send cannot be withdrawn: moved in, it goes on by itself if it
/// owns its buffer, and otherwise holds the caller until the transport lets the buffer go; passed as an lvalue, its
/// future stays valid.
template <class T>
task<T> with_deadline(future<T>&& wait, time_point deadline, source_location where = source_location::current()) {
  return detail::await_until(std::move(wait), deadline, where);
}
template <class T>
task<T> with_deadline(future<T>& wait, time_point deadline, source_location where = source_location::current()) {
  return detail::await_borrowed_until(wait, deadline, where);
}
/// The task is cancelled at the deadline. From code that the loop runs.
template <class T>
task<T> with_deadline(task<T>&& body, time_point deadline, source_location where = source_location::current()) {
  loop& on = loop::current_or_throw("with_deadline of a task", where);
  return detail::await_until(detail::launch(on, std::move(body), nullptr, where), deadline, where);
}

/// As `with_deadline`, `time` from now.
template <class T>
task<T> with_timeout(future<T>&& wait, duration time, source_location where = source_location::current()) {
  const time_point deadline = saturating_add(wait.state()->on().now(), time);
  return detail::await_until(std::move(wait), deadline, where);
}
template <class T>
task<T> with_timeout(future<T>& wait, duration time, source_location where = source_location::current()) {
  const time_point deadline = saturating_add(wait.state()->on().now(), time);
  return detail::await_borrowed_until(wait, deadline, where);
}
template <class T>
task<T> with_timeout(task<T>&& body, duration time, source_location where = source_location::current()) {
  const time_point now = loop::current_or_throw("with_timeout of a task", where).now();
  const time_point deadline = saturating_add(now, time);
  return with_deadline(std::move(body), deadline, where);
}

}  // namespace weft
