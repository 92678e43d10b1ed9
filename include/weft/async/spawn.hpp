// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

#include <weft/async/future.hpp>
#include <weft/async/loop.hpp>
#include <weft/async/task.hpp>
#include <weft/async/task_group.hpp>

namespace weft {
namespace detail {

/// True if the error is an `operation_cancelled`.
bool is_cancellation(const std::exception_ptr& error) noexcept;

/// A running task and its result. With a group, the group keeps it alive and dropping the future changes nothing;
/// without one, dropping the future cancels it.
template <class T>
class task_operation final : public value_operation<T>, public task_root, public task_node {
 public:
  task_operation(loop& on, task<T> body, task_group* owner, source_location where) noexcept
      : value_operation<T>(on, owner != nullptr ? grouped : single, where), task_root(on), body_(std::move(body)) {
    task_node::root = this;
    lineage = on.next_lineage();
    never_started = [](task_root& self) noexcept { static_cast<task_operation&>(self).end_unstarted(); };
    finished = [](task_root& self) noexcept { static_cast<task_operation&>(self).end(); };
    if (owner == nullptr) return;
    task_root::node = this;
    this->add_owner();
    owner->add(*this);
  }
  ~task_operation() = default;

  void begin() {
    body_.handle().promise().root = this;
    task_root::on().schedule(body_.handle(), this);
  }

 private:
  void end_unstarted() noexcept {
    task_group* owner = group;
    body_ = task<T>();
    operation::cancelled();
    if (owner != nullptr) leave(*owner);
  }
  void end() noexcept {
    auto& promise = body_.handle().promise();
    std::exception_ptr error = std::move(promise.error);
    if (!error) {
      if constexpr (!std::is_void_v<T>) {
        try {
          this->emplace(promise.take());
        } catch (...) {
          error = std::current_exception();
        }
      }
    }
    body_ = task<T>();
    conclude(std::move(error));
  }
  // Without a group, and with its future gone, the task is destroyed by becoming done: nothing may follow.
  void conclude(std::exception_ptr error) noexcept {
    task_group* owner = group;
    if (!error) {
      this->succeed();
    } else if (cancel_requested() && is_cancellation(error)) {
      operation::cancelled();
    } else {
      if (owner != nullptr && this->future_gone()) {
        this->mark_seen();
        owner->failed(*owner, error, this->where());
      }
      this->fail(std::move(error));
    }
    if (owner != nullptr) leave(*owner);
  }
  void leave(task_group& owner) noexcept {
    task_root::on().note_work();  // something may have waited for the group to empty
    owner.remove(*this);
    this->release_owner();
  }
  static withdrawal stop(operation& self) noexcept {
    auto& me = static_cast<task_operation&>(self);
    me.cancel();
    if (!me.done()) return withdrawal::impossible;  // it runs now, below the caller; it ends at its next await
    return me.state() == operation_state::cancelled ? withdrawal::withdrawn : withdrawal::too_late;
  }
  static constexpr operation::type single{"task", never_completed, stop, destroy_operation<task_operation>,
                                          drop_policy::withdraw};
  static constexpr operation::type grouped{"task", never_completed, stop, destroy_operation<task_operation>,
                                           drop_policy::detach};
  task<T> body_;
};

template <class T>
future<T> launch(loop& on, task<T> body, task_group* group, source_location where) {
  auto* op = make_operation<task_operation<T>>(on, std::move(body), group, where);
  op->begin();
  return future<T>(op);
}

template <class T, class F>
using callback_result =
    std::conditional_t<std::is_invocable_v<F&, future<T>>, std::invoke_result<F&, future<T>>,
                       std::conditional_t<std::is_void_v<T>, std::invoke_result<F&>, std::invoke_result<F&, T>>>;

/// Completes when `op` is done, whatever became of it; takes nothing.
class done_awaiter : public operation_awaiter {
 public:
  using operation_awaiter::operation_awaiter;
  void await_resume() noexcept { resumed(); }
};

template <class R, class T, class F>
task<R> follow(future<T> source, F callback) {
  if constexpr (std::is_invocable_v<F&, future<T>>) {
    done_awaiter done(*source.state());
    co_await done;
    co_return callback(std::move(source));
  } else if constexpr (std::is_void_v<T>) {
    co_await source;
    co_return callback();
  } else {
    co_return callback(co_await source);
  }
}

}  // namespace detail

/// Starts `body` on the loop now (its first step runs in the loop's next run phase). The loop owns it: dropping the
/// future detaches it, and an error that nobody sees is reported. Cancelled when the loop is destroyed.
template <class T>
future<T> spawn(loop& on, task<T> body, source_location where = source_location::current()) {
  return detail::launch(on, std::move(body), &on.tasks(), where);
}

/// Runs a task to its end from plain code and returns its value. Throws `would_deadlock` from code that the loop runs.
template <class T>
T run(loop& on, task<T> body, source_location where = source_location::current()) {
  if (on.running()) throw would_deadlock("run()", where);
  future<T> result = detail::launch(on, std::move(body), nullptr, where);
  return result.get(where);
}

template <class T>
template <safe_callable F>
auto future<T>::then(F&& callback, source_location where) && {
  using function = std::decay_t<F>;
  using result = typename detail::callback_result<T, function>::type;
  loop& on = op_->on();
  return spawn(on, detail::follow<result, T, function>(std::move(*this), std::forward<F>(callback)), where);
}

}  // namespace weft
