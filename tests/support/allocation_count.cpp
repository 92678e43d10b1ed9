// SPDX-License-Identifier: BSL-1.0
#include "support/allocation_count.hpp"

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEFT_TEST_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEFT_TEST_SANITIZED 1
#endif

namespace weft::test {

namespace {
std::atomic<std::uint64_t> count = 0;
std::atomic<std::uint64_t> held = 0;
}  // namespace

std::uint64_t allocations() { return count.load(std::memory_order_relaxed); }
std::uint64_t bytes_held() { return held.load(std::memory_order_relaxed); }

#ifdef WEFT_TEST_SANITIZED
bool allocations_are_counted() { return false; }
#else
bool allocations_are_counted() { return true; }

namespace {

void* counted(std::size_t bytes, std::size_t alignment) {
  count.fetch_add(1, std::memory_order_relaxed);
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  if (whole < bytes) throw std::bad_alloc();
  void* memory = alignment <= alignof(std::max_align_t) ? std::malloc(bytes != 0 ? bytes : 1)
                                                        : std::aligned_alloc(alignment, whole != 0 ? whole : alignment);
  if (memory == nullptr) throw std::bad_alloc();
  held.fetch_add(malloc_usable_size(memory), std::memory_order_relaxed);
  return memory;
}

void release(void* memory) noexcept {
  held.fetch_sub(malloc_usable_size(memory), std::memory_order_relaxed);
  std::free(memory);
}

}  // namespace
#endif

}  // namespace weft::test

#ifndef WEFT_TEST_SANITIZED
// The other forms (arrays, nothrow) call these by the standard's default.
void* operator new(std::size_t bytes) { return weft::test::counted(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return weft::test::counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { weft::test::release(memory); }
void operator delete(void* memory, std::size_t) noexcept { weft::test::release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { weft::test::release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { weft::test::release(memory); }
#endif
