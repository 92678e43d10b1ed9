// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>

namespace weft {

namespace detail {
class task_root;
}

/// The coroutines that may be resumed, first in first out: a growable power-of-two ring that never shrinks.
class ready_queue {
 public:
  struct entry {
    std::coroutine_handle<> coroutine;
    detail::task_root* root = nullptr;
  };

  ready_queue() : entries_(std::make_unique<entry[]>(initial)), capacity_(initial) {}

  bool empty() const noexcept { return head_ == tail_; }
  std::size_t size() const noexcept { return tail_ - head_; }
  /// Returns the entry's place, by which `remove_at` finds it.
  std::size_t push(std::coroutine_handle<> coroutine, detail::task_root* root) {
    if (size() == capacity_) grow();
    at(tail_) = {coroutine, root};
    return tail_++;
  }
  /// The oldest entry; its `coroutine` is null if it was removed.
  entry pop() noexcept { return at(head_++); }
  /// O(1). False if `coroutine` does not stand there.
  bool remove_at(std::size_t place, std::coroutine_handle<> coroutine) noexcept {
    if (place - head_ >= size() || at(place).coroutine != coroutine) return false;
    at(place) = {};
    return true;
  }
  bool remove(std::coroutine_handle<> coroutine) noexcept {
    for (std::size_t i = head_; i != tail_; ++i) {
      if (at(i).coroutine != coroutine) continue;
      at(i) = {};
      return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t initial = 64;
  entry& at(std::size_t place) noexcept { return entries_[place & (capacity_ - 1)]; }
  void grow() {
    auto larger = std::make_unique<entry[]>(capacity_ * 2);
    for (std::size_t i = head_; i != tail_; ++i) larger[i & (capacity_ * 2 - 1)] = at(i);
    entries_ = std::move(larger);
    capacity_ *= 2;
  }

  std::unique_ptr<entry[]> entries_;
  std::size_t capacity_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};

}  // namespace weft
