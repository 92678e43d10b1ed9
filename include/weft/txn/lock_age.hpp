// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <compare>
#include <cstdint>

namespace weft::txn {

/// How old a transaction is: the smaller, the older. A retry keeps it, so that everybody is the oldest some day.
struct lock_age {
  std::uint64_t counter = 0;
  std::uint32_t rank = 0;
  friend constexpr auto operator<=>(const lock_age&, const lock_age&) = default;
};

/// Lamport's clock ("Time, clocks, and the ordering of events", CACM 21, 1978): raised by every message, so a rank that
/// begins few transactions does not hand out ages from long ago for ever, and none is favoured.
class age_clock {
 public:
  explicit age_clock(std::uint32_t rank) noexcept : rank_(rank) {}
  lock_age next() noexcept { return {++counter_, rank_}; }
  void observe(std::uint64_t counter) noexcept {
    if (counter > counter_) counter_ = counter;
  }
  /// To go with messages.
  std::uint64_t counter() const noexcept { return counter_; }

 private:
  std::uint64_t counter_ = 0;
  std::uint32_t rank_;
};

}  // namespace weft::txn
