// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
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
    clear();
    release(slots_, capacity_);
  }

  bool empty() const noexcept { return head_ == tail_; }
  std::size_t size() const noexcept { return tail_ - head_; }
  void clear() noexcept {
    if constexpr (!std::is_trivially_destructible_v<T>) {
      while (!empty()) pop_front();
    }
    head_ = tail_ = 0;
  }
  T& front() noexcept { return *slot(head_); }
  T& back() noexcept { return *slot(tail_ - 1); }
  T& operator[](std::size_t from_front) noexcept { return *slot(head_ + from_front); }

  void push_back(T value) {
    if (size() == capacity_) grow(1);
    ::new (static_cast<void*>(slot(tail_))) T(std::move(value));
    ++tail_;
  }
  void push_front(T value) {
    if (size() == capacity_) grow(1);
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
  /// Takes out the one at a distance from the front, O(distance).
  T remove(std::size_t from_front) noexcept {
    T value = std::move((*this)[from_front]);
    for (; from_front > 0; --from_front) (*this)[from_front] = std::move((*this)[from_front - 1]);
    (void)pop_front();
    return value;
  }

  /// Room for `count` more at the back, in one piece, or nullptr if they would wrap round. The caller writes them and
  /// calls `extend`. For types that need no constructor.
  T* room(std::size_t count) {
    if (size() + count > capacity_) grow(count);
    const std::size_t at = tail_ & (capacity_ - 1);
    return at + count <= capacity_ ? slots_ + at : nullptr;
  }
  void extend(std::size_t count) noexcept { tail_ += count; }
  void push_back(const T* values, std::size_t count) requires std::is_trivially_copyable_v<T> {
    if (count == 0) return;
    if (size() + count > capacity_) grow(count);
    const std::size_t at = tail_ & (capacity_ - 1);
    const std::size_t first = std::min(count, capacity_ - at);
    std::memcpy(static_cast<void*>(slots_ + at), values, first * sizeof(T));
    if (first < count) std::memcpy(static_cast<void*>(slots_), values + first, (count - first) * sizeof(T));
    tail_ += count;
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
  void grow(std::size_t more) {
    std::size_t larger = std::max(initial, capacity_ * 2);
    while (larger < size() + more) larger *= 2;
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
