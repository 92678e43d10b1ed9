// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::sim {

/// What a thread of execution needs beside its registers, so that several of them share one thread of the system: its
/// stack (with a guard page below it) and the C++ runtime's exception state. Two fibers that block inside `catch` would
/// otherwise get each other's exception.
class fiber {
 public:
  using body = void (*)(void* argument);

  fiber() = default;
  fiber(const fiber&) = delete;
  fiber& operator=(const fiber&) = delete;

  /// Prepares `run(argument)`, which must not return, on a stack that stays the caller's. Runs when switched to.
  void prepare(std::byte* stack, std::size_t bytes, body run, void* argument) noexcept;
  /// Leaves `from`, the running one, and goes on with `to`. `is_last`: nobody will switch back to `from`.
  static void swap(fiber& from, fiber& to, bool is_last = false);

  /// Asks for the first lines of its stack, to switch to it soon.
  void fetch() const noexcept {
    const auto* const top = static_cast<const std::byte*>(context_);
    for (std::size_t at = 0; at < 8; ++at) __builtin_prefetch(top + 64 * at);
  }

  /// It will not run again, and what it has caught is never released: the leak sanitizer is told.
  void abandon() const noexcept;

  /// True if `address` lies in the page below the stack.
  bool in_guard(const void* address) const noexcept;

 private:
  struct exception_state {
    void* caught = nullptr;
    unsigned int uncaught = 0;
  };
  struct passage;
  static void arrive(void* from) noexcept;

  void* context_ = nullptr;
  body run_ = nullptr;
  void* argument_ = nullptr;
  exception_state exceptions_;
  const std::byte* stack_ = nullptr;  ///< its lowest address; null for the thread's own stack
  std::size_t bytes_ = 0;
  void* shadow_ = nullptr;  ///< the address sanitizer's
};

/// Makes stacks with a guard page and keeps those that were given back. Memory is used for the pages that were touched.
class stack_pool {
 public:
  /// `bytes` is rounded up to pages.
  explicit stack_pool(std::size_t bytes);
  ~stack_pool();
  stack_pool(const stack_pool&) = delete;
  stack_pool& operator=(const stack_pool&) = delete;

  std::size_t bytes() const noexcept { return bytes_; }
  /// The lowest usable address. Throws `environment_error` naming the limit when there is no room for another one.
  std::byte* take();
  void give_back(std::byte* stack) { free_.push_back(stack); }
  /// The stack of a fiber that will never go on. What it points to is lost with it; so that a leak checker does not
  /// complain, it is kept where there is one, as the roots of that memory.
  void abandon(std::byte* stack);

 private:
  std::size_t bytes_;
  std::size_t made_ = 0;
  std::vector<std::byte*> free_;
  std::vector<std::byte*> all_;
};

}  // namespace weft::sim
