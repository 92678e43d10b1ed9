// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <weft/async/future.hpp>
#include <weft/async/loop.hpp>
#include <weft/async/wait_list.hpp>

namespace weft {

/// While it lives, a signal of this process is an event of the loop instead of its action.
class signal_watch : host_listener {
 public:
  signal_watch(loop& on, int signal);
  ~signal_watch() override;
  signal_watch(const signal_watch&) = delete;
  signal_watch& operator=(const signal_watch&) = delete;

  /// Ready at the next arrival, or at once for one that nobody has taken yet.
  future<void> next(source_location where = source_location::current());
  std::uint64_t arrivals() const noexcept { return arrivals_; }

 private:
  void on_event(const host_event& event) noexcept override;

  loop& on_;
  int signal_;
  std::uint64_t arrivals_ = 0;
  std::uint64_t untaken_ = 0;
  detail::wait_list waiting_;
};

}  // namespace weft
