// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace weft {

class loop;

namespace detail {

struct task_node;

/// A task's number (never 0) and those of the tasks that started it, its own starter first; 0: none. Further ancestors
/// are forgotten.
struct task_lineage {
  std::array<std::uint32_t, 8> numbers{};
  std::uint32_t own() const noexcept { return numbers[0]; }
};

/// Where a suspended coroutine can be pulled out of its wait. `abandon` gives up the wait and returns the coroutine,
/// which then throws `operation_cancelled` (or finds that its operation had completed after all).
struct cancellation_point {
  std::coroutine_handle<> (*abandon)(cancellation_point& self) noexcept = nullptr;
};

/// The top of a tree of awaiting tasks: what is cancelled as one. Every task that it awaits, directly or not, points to
/// it; at any time the tree either runs, waits at one `leaf`, or stands in the ready queue as `queued`.
///
/// Cancellation is level-triggered: from the request on, every await of the tree throws `operation_cancelled`, so the
/// tree unwinds within the call of `cancel`. (Only awaiting something that is already done still works.)
class task_root {
 public:
  explicit task_root(loop& on) noexcept : loop_(&on) {}
  task_root(const task_root&) = delete;
  task_root& operator=(const task_root&) = delete;

  bool cancel_requested() const noexcept { return cancel_requested_; }
  loop& on() const noexcept { return *loop_; }
  void cancel() noexcept;

  cancellation_point* leaf = nullptr;
  const task_node* node = nullptr;  ///< its place in the group that owns it, if one does
  task_lineage lineage;             ///< of a task that was started; a coroutine that plain code resumes has none
  std::coroutine_handle<> queued;   ///< set by `loop::schedule`
  std::size_t queued_at = 0;        ///< its place in the ready queue
  bool started = false;
  bool is_background = false;  ///< it has slept in the background
  void (*never_started)(task_root& self) noexcept = nullptr;  ///< cancelled before its first step
  void (*finished)(task_root& self) noexcept = nullptr;       ///< its first coroutine has come to its end

 private:
  loop* loop_;
  bool cancel_requested_ = false;
};

struct promise_base;

/// The root that an awaiting coroutine belongs to; nullptr for coroutines of other libraries.
template <class Promise>
task_root* root_of(Promise& promise) noexcept {
  if constexpr (std::is_base_of_v<promise_base, Promise>) {
    return promise.root;
  } else {
    return nullptr;
  }
}

}  // namespace detail
}  // namespace weft
