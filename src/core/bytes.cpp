// SPDX-License-Identifier: BSL-1.0
#include <weft/core/bytes.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace weft {

namespace {
constexpr std::size_t smallest_capacity = 256;
}

void byte_buffer::release() noexcept { std::free(data_); }

void byte_buffer::grow_to(std::size_t capacity) {
  // realloc, not new: large buffers move by remapping pages instead of copying.
  void* moved = std::realloc(data_, capacity);
  if (moved == nullptr) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(moved);
  capacity_ = capacity;
}

void byte_buffer::grow_by(std::size_t more) {
  if (more > SIZE_MAX - size_) throw std::bad_alloc();
  std::size_t doubled = capacity_ > SIZE_MAX / 2 ? SIZE_MAX : capacity_ * 2;
  grow_to(std::max({smallest_capacity, doubled, size_ + more}));
}

}  // namespace weft
