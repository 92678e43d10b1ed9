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
  void push(std::coroutine_handle<> coroutine, detail::task_root* root) {
    if (size() == capacity_) grow();
    entries_[tail_++ & (capacity_ - 1)] = {coroutine, root};
  }
  /// The oldest entry; its `coroutine` is null if it was removed.
  entry pop() noexcept { return entries_[head_++ & (capacity_ - 1)]; }
  bool remove(std::coroutine_handle<> coroutine) noexcept {
    for (std::size_t i = head_; i != tail_; ++i) {
      entry& e = entries_[i & (capacity_ - 1)];
      if (e.coroutine != coroutine) continue;
      e = {};
      return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t initial = 64;
  void grow() {
    auto larger = std::make_unique<entry[]>(capacity_ * 2);
    const std::size_t count = size();
    for (std::size_t i = 0; i < count; ++i) larger[i] = entries_[(head_ + i) & (capacity_ - 1)];
    entries_ = std::move(larger);
    capacity_ *= 2;
    head_ = 0;
    tail_ = count;
  }

  std::unique_ptr<entry[]> entries_;
  std::size_t capacity_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};

}  // namespace weft
