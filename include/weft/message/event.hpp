// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <weft/message/home_wait.hpp>

namespace weft {

/// A flag between all ranks that tasks wait for, as on a condition: `set` lets everybody go on, until `reset`;
/// `notify_one` and `notify_all` only those that wait now. `async_event` is its like on one loop.
///
/// What is said takes effect in the order in which it reaches the home rank. A wait is there from the moment at which its
/// request is: to miss no notification, look at what is waited for after `wait()` was called and before it is awaited,
/// or use `set`.
///
/// Constructing one is collective in order only, with the same home everywhere. Destroy it when no rank uses it any more
/// (after `ctx.quiescence()`); those that wait then get `operation_cancelled`.
class event : detail::home_wait {
 public:
  /// Throws `usage_error` for a home that does not exist.
  explicit event(context& ctx, meeting_options options = {}, source_location where = source_location::current());

  /// Ready when it is set, or was notified. A future that is dropped, or whose task is cancelled, waits no more; a
  /// `notify_one` that was meant for it wakes the next.
  future<void> wait(source_location where = source_location::current());
  void set() { tell_home(saying::set); }
  void reset() { tell_home(saying::reset); }
  void notify_one() { tell_home(saying::notify_one); }
  void notify_all() { tell_home(saying::notify_all); }

  using home_wait::home;
  using home_wait::queued;
  /// On the home rank.
  bool is_set() const noexcept { return set_; }

 private:
  enum class saying : std::uint32_t { set, reset, notify_one, notify_all };

  void tell_home(saying what) { tell(static_cast<std::uint32_t>(what)); }
  void came(const detail::home_waiter& who, std::uint32_t count) override;
  void told(std::uint32_t count) override;
  void declined(std::uint32_t was_alone) override;

  bool set_ = false;
};

}  // namespace weft
