// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <exception>

#include <weft/async/task_root.hpp>
#include <weft/core/source_location.hpp>

namespace weft::detail {

class task_group;

/// A task's place in the group that owns it.
struct task_node {
  task_group* group = nullptr;
  task_node* next = nullptr;
  task_node* previous = nullptr;
  task_root* root = nullptr;
};

/// The tasks that a scope (or the loop itself) owns. Not a public type: see `scope`.
class task_group {
 public:
  task_group() = default;
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;

  void add(task_node& node) noexcept;
  void remove(task_node& node) noexcept;  ///< calls `emptied` when it was the last
  std::size_t size() const noexcept { return size_; }
  /// Cancels every task; they have ended when it returns, but for one that is on the stack of the caller.
  void cancel_all() noexcept;

  /// A task failed and nobody holds its future.
  void (*failed)(task_group& self, std::exception_ptr error, source_location where) noexcept = nullptr;
  void (*emptied)(task_group& self) noexcept = nullptr;

 private:
  task_node* first_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace weft::detail
