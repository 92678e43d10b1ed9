// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/async/frame_pool.hpp>
#include <weft/async/loop.hpp>
#include <weft/async/task_root.hpp>

namespace weft {

template <class T = void>
class task;

namespace detail {

// g++ makes no tail call between coroutines under its sanitizers: there each step goes through the ready queue, so that
// the stack does not grow with the number of awaits.
#if defined(__GNUC__) && !defined(__clang__) && (defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__))
inline constexpr bool has_tail_calls = false;
#else
inline constexpr bool has_tail_calls = true;
#endif

/// Resumes `next` by symmetric transfer, or through the ready queue where tail calls are missing.
std::coroutine_handle<> hand_over(std::coroutine_handle<> next, task_root* root);

struct promise_base {
  std::coroutine_handle<> continuation;
  task_root* root = nullptr;
  std::exception_ptr error;

  static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept { frame_pool::release(memory, bytes); }

  std::suspend_always initial_suspend() const noexcept { return {}; }
  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      promise_base& promise = self.promise();
      if (promise.continuation) return hand_over(promise.continuation, promise.root);
      if (promise.root != nullptr) promise.root->finished(*promise.root);  // may destroy this frame
      return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };
  final_awaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T>
struct task_promise final : promise_base {
  std::optional<T> value;
  task<T> get_return_object() noexcept;
  template <class U>
  requires std::is_convertible_v<U&&, T>
  void return_value(U&& result) { value.emplace(std::forward<U>(result)); }
  T take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
};

template <class T>
struct task_promise<T&> final : promise_base {
  T* value = nullptr;
  task<T&> get_return_object() noexcept;
  void return_value(T& result) noexcept { value = &result; }
  T& take() {
    if (error) std::rethrow_exception(error);
    return *value;
  }
};

template <>
struct task_promise<void> final : promise_base {
  task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() {
    if (error) std::rethrow_exception(error);
  }
};

}  // namespace detail

/// A coroutine that computes a T when it is awaited, spawned or run: lazy, move-only, its frame from a pool. Awaiting a
/// child neither allocates nor grows the stack (g++ needs `-foptimize-sibling-calls`, which `weft::weft` adds).
/// A task that is destroyed before it was started never runs.
template <class T>
class [[nodiscard]] task {
 public:
  using value_type = T;
  using promise_type = detail::task_promise<T>;
  using handle_type = std::coroutine_handle<promise_type>;

  task() noexcept = default;
  explicit task(handle_type coroutine) noexcept : coroutine_(coroutine) {}
  task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    std::swap(coroutine_, other.coroutine_);
    return *this;
  }
  ~task() {
    if (coroutine_) coroutine_.destroy();
  }

  bool valid() const noexcept { return static_cast<bool>(coroutine_); }
  handle_type handle() const noexcept { return coroutine_; }
  handle_type release() noexcept { return std::exchange(coroutine_, nullptr); }

  auto operator co_await() const noexcept { return awaiter{coroutine_}; }

 private:
  struct awaiter {
    handle_type child;
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) const noexcept {
      child.promise().continuation = parent;
      child.promise().root = detail::root_of(parent.promise());
      return detail::hand_over(child, child.promise().root);
    }
    T await_resume() const { return child.promise().take(); }
  };

  handle_type coroutine_;
};

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

namespace detail {
template <class T>
task<T> task_promise<T>::get_return_object() noexcept {
  return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}
template <class T>
task<T&> task_promise<T&>::get_return_object() noexcept {
  return task<T&>(std::coroutine_handle<task_promise>::from_promise(*this));
}
inline task<void> task_promise<void>::get_return_object() noexcept {
  return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

class yield_awaiter {
 public:
  explicit yield_awaiter(loop& on, source_location where) noexcept : on_(on), where_(where) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> coroutine) {
    root_ = root_of(coroutine.promise());
    if (root_ != nullptr && root_->cancel_requested()) return false;
    on_.schedule(coroutine, root_);
    return true;
  }
  void await_resume() const {
    if (root_ != nullptr && root_->cancel_requested()) throw operation_cancelled("yield", where_);
  }

 private:
  loop& on_;
  source_location where_;
  task_root* root_ = nullptr;
};
}  // namespace detail

/// `co_await yield()`: lets everything else that is ready run first.
inline detail::yield_awaiter yield(source_location where = source_location::current()) {
  return detail::yield_awaiter(loop::current_or_throw("yield", where), where);
}

}  // namespace weft
