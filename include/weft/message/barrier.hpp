// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <weft/message/home_wait.hpp>

namespace weft {

/// A meeting of tasks of any ranks, again and again: each waits until as many have arrived as take part. For a meeting of
/// all ranks, once each, `world().ibarrier()` is quicker; here tasks take part, any number of them on a rank, and may
/// give up.
///
/// Constructing one is collective in order only, with the same number and home everywhere. Destroy it when no rank uses it
/// any more (after `ctx.quiescence()`); those that wait then get `operation_cancelled`.
class barrier : detail::home_wait {
 public:
  /// Throws `usage_error` for nobody, or a home that does not exist.
  barrier(context& ctx, std::uint32_t parties, meeting_options options = {},
          source_location where = source_location::current());

  /// Ready when all have arrived. A future that is dropped before, or whose task is cancelled, has not arrived, unless
  /// the last one arrives in the same moment.
  future<void> arrive_and_wait(source_location where = source_location::current());
  /// One less takes part, in this meeting and from now on. Waits for nobody.
  void arrive_and_drop() { tell(1); }

  using home_wait::home;
  using home_wait::queued;
  /// On the home rank: meetings that have taken place.
  std::uint64_t phase() const noexcept { return phase_; }

 private:
  void came(const detail::home_waiter& who, std::uint32_t count) override;
  void told(std::uint32_t count) override;
  void meet();

  std::uint32_t parties_;
  std::uint64_t phase_ = 0;
};

}  // namespace weft
