// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <new>

namespace weft {

namespace detail {
// A recycled block hides the use of a destroyed operation or frame from the address sanitizer: no recycling under it.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool recycles_frames = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool recycles_frames = false;
#else
inline constexpr bool recycles_frames = true;
#endif
#else
inline constexpr bool recycles_frames = true;
#endif
}  // namespace detail

/// Recycles the blocks that coroutine frames and operations live in: per thread, one free list for each multiple of 64
/// bytes up to 2 KiB; larger blocks come from `operator new`. What a block held before never changes behaviour.
class frame_pool {
 public:
  static void* allocate(std::size_t bytes) {
    const std::size_t size_class = class_of(bytes);
    if (detail::recycles_frames && size_class < classes) {
      lists& mine = mine_;
      if (block* top = mine.free[size_class]; top != nullptr) {
        mine.free[size_class] = top->next;
        --mine.count[size_class];
        return top;
      }
    }
    return allocate_new(size_class);
  }
  static void release(void* memory, std::size_t bytes) noexcept {
    const std::size_t size_class = class_of(bytes);
    if (detail::recycles_frames && size_class < classes) {
      lists& mine = mine_;
      if (mine.count[size_class] < most_kept) {
        mine.free[size_class] = ::new (memory) block{mine.free[size_class]};
        ++mine.count[size_class];
        return;
      }
    }
    ::operator delete(memory);
  }
  /// Gives every kept block of this thread back to the heap.
  static void trim() noexcept;

 private:
  struct block {
    block* next;
  };
  static constexpr std::size_t granule = 64;
  static constexpr std::size_t classes = 32;
  static constexpr unsigned most_kept = 1u << 15;
  struct lists {
    block* free[classes] = {};
    unsigned count[classes] = {};
  };

  static std::size_t class_of(std::size_t bytes) noexcept { return (bytes - 1) / granule; }
  // Without a constructor or destructor of its own, so that using it checks nothing; `allocate_new` sees to the end.
  static constinit thread_local lists mine_;
  static void* allocate_new(std::size_t size_class);
};

}  // namespace weft
