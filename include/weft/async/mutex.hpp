// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/async/semaphore.hpp>

namespace weft {

/// Held while it lives: what `async_mutex::lock` yields.
using mutex_lock = semaphore_permit;

/// Mutual exclusion between the tasks of one loop, over awaits: `auto held = co_await m.lock();`. First come, first
/// served; not recursive.
class async_mutex {
 public:
  explicit async_mutex(loop& on) noexcept : unit_(on, 1) {}

  future<mutex_lock> lock(source_location where = source_location::current()) { return unit_.acquire(where); }
  mutex_lock try_lock() noexcept { return unit_.try_acquire(); }
  bool locked() const noexcept { return unit_.available() == 0; }

 private:
  async_semaphore unit_;
};

}  // namespace weft
