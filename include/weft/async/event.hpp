// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/async/future.hpp>
#include <weft/async/wait_list.hpp>

namespace weft {

/// A flag that tasks of one loop wait for: `set` releases every waiter, present and future, until `reset`.
class async_event {
 public:
  explicit async_event(loop& on, bool is_set = false) noexcept : on_(on), set_(is_set) {}
  async_event(const async_event&) = delete;
  async_event& operator=(const async_event&) = delete;

  future<void> wait(source_location where = source_location::current());
  void set() noexcept;
  void reset() noexcept { set_ = false; }
  bool is_set() const noexcept { return set_; }

 private:
  loop& on_;
  bool set_;
  detail::wait_list waiting_;
};

}  // namespace weft
