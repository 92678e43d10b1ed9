// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace weft::detail {

/// A double-ended queue in one growable power-of-two ring: index arithmetic and moves, no allocation in steady state.
template <class T>
class ring {
 public:
  ring() = default;
  ring(const ring&) = delete;
  ring& operator=(const ring&) = delete;
  ~ring() {
    while (!empty()) pop_front();
    release(slots_, capacity_);
  }

  bool empty() const noexcept { return head_ == tail_; }
  std::size_t size() const noexcept { return tail_ - head_; }

  void push_back(T value) {
    if (size() == capacity_) grow();
    ::new (static_cast<void*>(slot(tail_))) T(std::move(value));
    ++tail_;
  }
  void push_front(T value) {
    if (size() == capacity_) grow();
    ::new (static_cast<void*>(slot(head_ - 1))) T(std::move(value));
    --head_;
  }
  T pop_back() noexcept {
    --tail_;
    return take(slot(tail_));
  }
  T pop_front() noexcept {
    T* first = slot(head_);
    ++head_;
    return take(first);
  }

 private:
  static constexpr std::size_t initial = 32;

  T* slot(std::size_t at) const noexcept { return slots_ + (at & (capacity_ - 1)); }
  static T take(T* from) noexcept {
    T value = std::move(*from);
    from->~T();
    return value;
  }
  static void release(T* slots, std::size_t capacity) noexcept {
    if (slots != nullptr) std::allocator<T>().deallocate(slots, capacity);
  }
  void grow() {
    const std::size_t larger = capacity_ == 0 ? initial : capacity_ * 2;
    T* slots = std::allocator<T>().allocate(larger);
    const std::size_t count = size();
    for (std::size_t i = 0; i < count; ++i) ::new (static_cast<void*>(slots + i)) T(take(slot(head_ + i)));
    release(slots_, capacity_);
    slots_ = slots;
    capacity_ = larger;
    head_ = 0;
    tail_ = count;
  }

  T* slots_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t head_ = 0;  // positions grow without bound and wrap with std::size_t; the mask finds the slot
  std::size_t tail_ = 0;
};

}  // namespace weft::detail
