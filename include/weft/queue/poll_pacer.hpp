// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdint>

#include <weft/world/time.hpp>

namespace weft::detail {

/// Decides how many calls of `work_queue::poll` make one real poll, so that polling costs at most 2 % of the work
/// between two polls, however short the items are and whatever a missed poll costs (10 ns, or microseconds where ranks
/// outnumber processors), and yet no thief waits longer than `longest_gap` while the items are short.
class poll_pacer {
 public:
  /// One call of `poll`: true when it is time for a real one.
  bool due() noexcept { return --countdown_ == 0; }
  /// A real poll was made between these times.
  void polled(time_point before, time_point after) noexcept {
    const duration gap = before - last_;
    const duration cost = after - before;
    last_ = after;
    const duration item = std::max(gap / every_, duration(1));
    const std::int64_t cheap_enough = cost * cost_factor / item + 1;
    const std::int64_t soon_enough = std::max<std::int64_t>(1, longest_gap / item);
    // Doubling at most: one measurement that a neighbour disturbed must not silence the rank.
    every_ = std::clamp<std::int64_t>(cheap_enough, 1, std::min({soon_enough, every_ * 2, most}));
    countdown_ = every_;
  }
  std::int64_t every() const noexcept { return every_; }

 private:
  static constexpr std::int64_t cost_factor = 50;
  static constexpr std::int64_t most = 1 << 14;
  static constexpr duration longest_gap = std::chrono::microseconds(250);

  time_point last_{};
  std::int64_t every_ = 1;
  std::int64_t countdown_ = 1;
};

}  // namespace weft::detail
