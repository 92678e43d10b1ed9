// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/fiber.hpp>

#include <cxxabi.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <boost/context/detail/fcontext.hpp>
#include <cstring>
#include <string>

#include <weft/core/error.hpp>

#if defined(__SANITIZE_ADDRESS__)
#define WEFT_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEFT_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef WEFT_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif

namespace weft::sim {

namespace fcontext = boost::context::detail;

namespace {

std::size_t page_bytes() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

// The address sanitizer must know which stack is in use.
#ifdef WEFT_ADDRESS_SANITIZER
void before_switch(void** shadow, const void* stack, std::size_t bytes) {
  __sanitizer_start_switch_fiber(shadow, stack, bytes);
}
void after_switch(void* shadow, const void** left_stack, std::size_t* left_bytes) {
  __sanitizer_finish_switch_fiber(shadow, left_stack, left_bytes);
}
// Frames that were left without a return leave their marks.
void forget_frames(const std::byte* stack, std::size_t bytes) { __asan_unpoison_memory_region(stack, bytes); }
#else
void before_switch(void**, const void*, std::size_t) {}
void after_switch(void*, const void**, std::size_t*) {}
void forget_frames(const std::byte*, std::size_t) {}
#endif

}  // namespace

/// What the fiber that is left tells the one that goes on.
struct fiber::passage {
  fiber* from;
  fiber* to;
};

/// The first entry into a fiber.
void fiber::arrive(void* of) noexcept {
  const passage& way = *static_cast<passage*>(of);
  fiber& self = *way.to;
  const bool left_own_stack = way.from->stack_ == nullptr;
  const void* stack = nullptr;
  std::size_t bytes = 0;
  after_switch(nullptr, &stack, &bytes);
  if (left_own_stack && stack != nullptr) {
    // The thread's own stack, whose place only the sanitizer knows.
    way.from->bytes_ = bytes;
    way.from->argument_ = const_cast<void*>(stack);
  }
  self.run_(self.argument_);
}

void fiber::prepare(std::byte* stack, std::size_t bytes, body run, void* argument) noexcept {
  stack_ = stack;
  bytes_ = bytes;
  run_ = run;
  argument_ = argument;
  exceptions_ = {};
  shadow_ = nullptr;
  context_ = fcontext::make_fcontext(stack + bytes, bytes, [](fcontext::transfer_t came) {
    static_cast<passage*>(came.data)->from->context_ = came.fctx;
    arrive(came.data);
  });
}

void fiber::swap(fiber& from, fiber& to, bool is_last) {
  void* const globals = abi::__cxa_get_globals();
  static_assert(sizeof(exception_state) == 2 * sizeof(void*));
  std::memcpy(&from.exceptions_, globals, sizeof(exception_state));
  std::memcpy(globals, &to.exceptions_, sizeof(exception_state));
  passage way{&from, &to};
  const void* to_stack = to.stack_ != nullptr ? to.stack_ : to.argument_;
  before_switch(is_last ? nullptr : &from.shadow_, to_stack, to.bytes_);
  const fcontext::transfer_t came = fcontext::jump_fcontext(to.context_, &way);
  static_cast<passage*>(came.data)->from->context_ = came.fctx;
  after_switch(from.shadow_, nullptr, nullptr);
}

void fiber::abandon() const noexcept {
#ifdef WEFT_ADDRESS_SANITIZER
  if (exceptions_.caught != nullptr) __lsan_ignore_object(exceptions_.caught);
#endif
}

bool fiber::in_guard(const void* address) const noexcept {
  if (stack_ == nullptr) return false;
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  const auto low = reinterpret_cast<std::uintptr_t>(stack_);
  return at < low && at >= low - page_bytes();
}

stack_pool::stack_pool(std::size_t bytes) : bytes_((bytes + page_bytes() - 1) / page_bytes() * page_bytes()) {}

stack_pool::~stack_pool() {
  for (std::byte* stack : all_) {
    forget_frames(stack, bytes_);
    munmap(stack - page_bytes(), bytes_ + page_bytes());
  }
}

void stack_pool::abandon(std::byte* stack) {
#ifdef WEFT_ADDRESS_SANITIZER
  __lsan_register_root_region(stack, bytes_);
  all_.erase(std::find(all_.begin(), all_.end(), stack));
#else
  give_back(stack);
#endif
}

std::byte* stack_pool::take() {
  if (!free_.empty()) {
    std::byte* const stack = free_.back();
    free_.pop_back();
    forget_frames(stack, bytes_);
    return stack;
  }
  const std::size_t guard = page_bytes();
  void* const made = mmap(nullptr, bytes_ + guard, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (made == MAP_FAILED || mprotect(made, guard, PROT_NONE) != 0) {
    if (made != MAP_FAILED) munmap(made, bytes_ + guard);
    throw environment_error("no room for the stack of simulated rank " + std::to_string(made_) +
                            ": each takes two entries of the system's map (raise vm.max_map_count: sysctl -w "
                            "vm.max_map_count=262144) and " +
                            std::to_string(bytes_ / 1024) + " KiB of addresses (ulimit -v)");
  }
  all_.push_back(static_cast<std::byte*>(made) + guard);
  ++made_;
  return all_.back();
}

}  // namespace weft::sim
