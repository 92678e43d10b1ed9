// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <weft/message/home_wait.hpp>

namespace weft {

/// Opens once, when it was counted down to nothing by tasks of any ranks; whoever waits, or comes later, goes on then.
///
/// Constructing one is collective in order only, with the same count and home everywhere. Destroy it when no rank uses it
/// any more (after a barrier or `ctx.quiescence()`); those that wait then get `operation_cancelled`.
class latch : detail::home_wait {
 public:
  /// Throws `usage_error` for a home that does not exist.
  explicit latch(context& ctx, std::uint32_t count, meeting_options options = {},
                 source_location where = source_location::current());

  /// Takes `by` off what is left. Waits for nobody. More than is left is an error of the home rank, which reports it.
  void count_down(std::uint32_t by = 1) { tell(by); }
  /// Ready when nothing is left. A future that is dropped, or whose task is cancelled, waits no more.
  future<void> wait(source_location where = source_location::current());
  /// Both. What was counted down stays so if the future is dropped.
  future<void> arrive_and_wait(source_location where = source_location::current());

  using home_wait::home;
  using home_wait::queued;
  /// On the home rank: what is left.
  std::uint32_t left() const noexcept { return left_; }

 private:
  void came(const detail::home_waiter& who, std::uint32_t count) override;
  void told(std::uint32_t count) override;

  std::uint32_t left_;
};

}  // namespace weft
