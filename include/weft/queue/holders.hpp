// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include <weft/async/task_root.hpp>

namespace weft::detail {

/// The items that one task of this rank holds. Plain code counts as one task, number 0.
struct holder {
  void* queue = nullptr;
  std::uint32_t task = 0;
  std::size_t held = 0;
};

/// Which tasks hold items of one queue: so that a put is held back only if neither its task nor one that started it
/// holds an item. Looking up the task that asked last costs a comparison.
class holder_table {
 public:
  explicit holder_table(void* queue) noexcept : queue_(queue) {
    unclaimed_.queue = queue;
    last_ = &of_new(0);
  }
  holder_table(const holder_table&) = delete;
  holder_table& operator=(const holder_table&) = delete;

  holder& of(const task_root* task) {
    const std::uint32_t number = task == nullptr ? 0 : task->lineage.own();
    if (last_->task == number) [[likely]]
      return *last_;
    return *(last_ = &of_new(number));
  }
  /// Of items that wait in a future, and that no task holds yet.
  holder& unclaimed() noexcept { return unclaimed_; }
  bool is_claimed(const holder& who) const noexcept { return &who != &unclaimed_; }

  /// Whether the task, or one that started it, holds an item.
  bool holds(const task_lineage& task) const noexcept;

 private:
  static constexpr std::size_t most_forgotten = 64;
  holder& of_new(std::uint32_t number);

  void* queue_;
  holder unclaimed_;
  std::unordered_map<std::uint32_t, holder> holders_;  // whose nodes stay where they are
  std::size_t sweep_at_ = most_forgotten;
  holder* last_ = nullptr;
};

}  // namespace weft::detail
