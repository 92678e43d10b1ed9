// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

namespace weft {

/// A growable run of bytes that keeps its capacity when cleared and is never zero-filled: bytes that were not written
/// are indeterminate. Made once and reused, it allocates nothing. Storage is aligned for every fundamental type.
/// Growth throws `std::bad_alloc` and then leaves the content as it was.
class byte_buffer {
 public:
  byte_buffer() noexcept = default;
  explicit byte_buffer(std::size_t capacity) { reserve(capacity); }
  byte_buffer(byte_buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  byte_buffer& operator=(byte_buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  byte_buffer(const byte_buffer&) = delete;
  byte_buffer& operator=(const byte_buffer&) = delete;
  ~byte_buffer() {
    if (data_ != nullptr) release();
  }

  std::byte* data() noexcept { return data_; }
  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return size_ == 0; }
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

  void clear() noexcept { size_ = 0; }
  void reserve(std::size_t capacity) {
    if (capacity > capacity_) grow_to(capacity);
  }
  /// Sets the size; new bytes are indeterminate.
  void resize(std::size_t size) {
    if (size > capacity_) grow_to(size);
    size_ = size;
  }
  /// Makes room for `more` bytes behind the present ones, at least doubling the capacity when it is exceeded.
  void reserve_more(std::size_t more) {
    if (more > capacity_ - size_) grow_by(more);
  }
  void append(const void* bytes, std::size_t count) {
    reserve_more(count);
    if (count != 0) std::memcpy(data_ + size_, bytes, count);
    size_ += count;
  }

 private:
  void release() noexcept;
  void grow_to(std::size_t capacity);
  void grow_by(std::size_t more);

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace weft
