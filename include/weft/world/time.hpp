// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

namespace weft {

using duration = std::chrono::nanoseconds;
/// Monotonic time of a world. Above `world` it is read from `transport::now()` only (the simulator owns it there).
using time_point = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// The wall clock's time, since 1970: what outlives a job is dated by it. It may jump, and differs between nodes.
using wall_time = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

/// No deadline.
inline constexpr time_point never = time_point::max();

/// `start + length`, or `never` where that would overflow: a time-out of `duration::max()` is none.
constexpr time_point saturating_add(time_point start, duration length) noexcept {
  return length > never - start && start.time_since_epoch() >= duration::zero() ? never : start + length;
}

}  // namespace weft
