// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <weft/async/future.hpp>
#include <weft/async/loop.hpp>

namespace weft {

/// Ready at `deadline` (at once if it has passed). Withdrawn when dropped.
future<void> sleep_until(loop& on, time_point deadline, source_location where = source_location::current());
future<void> sleep_for(loop& on, duration time, source_location where = source_location::current());
/// On the running loop: from tasks, handlers and callbacks. Throws `usage_error` elsewhere.
future<void> sleep_for(duration time, source_location where = source_location::current());
future<void> sleep_until(time_point deadline, source_location where = source_location::current());
/// For what a program does beside its work, again and again: see `timer_role`. A task that has slept in the background
/// counts as background from then on: that it goes on is no sign that the program does.
future<void> sleep_until(loop& on, time_point deadline, timer_role role,
                         source_location where = source_location::current());
future<void> sleep_for(loop& on, duration time, timer_role role, source_location where = source_location::current());
future<void> sleep_for(duration time, timer_role role, source_location where = source_location::current());

/// Ticks at start + k * period, without drift: a late tick does not move the later ones; ticks that were missed whole
/// are skipped and counted.
class periodic_timer {
 public:
  periodic_timer(loop& on, duration period, timer_role role = timer_role::foreground);
  /// The next tick that is not past. One at a time.
  future<void> next(source_location where = source_location::current());
  std::uint64_t missed() const noexcept { return missed_; }

 private:
  loop& on_;
  duration period_;
  time_point tick_;
  timer_role role_;
  std::uint64_t missed_ = 0;
};

}  // namespace weft
