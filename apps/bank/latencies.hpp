// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weft::bank {

/// Times in nanoseconds, counted in buckets that are at most a sixteenth of their value wide.
class latencies {
 public:
  static constexpr std::size_t buckets = 16 * 60;
  latencies() : counts_(buckets) {}
  explicit latencies(std::vector<std::uint64_t> counts) : counts_(std::move(counts)) {}

  void add(std::uint64_t ns) { ++counts_[bucket(ns)]; }
  /// The upper end of the bucket that the smallest `share` of all ends in; 0 if there is none.
  std::uint64_t quantile(double share) const {
    std::uint64_t all = 0;
    for (std::uint64_t c : counts_) all += c;
    std::uint64_t wanted = static_cast<std::uint64_t>(share * static_cast<double>(all));
    wanted = std::min(std::max<std::uint64_t>(wanted, 1), all);
    std::uint64_t seen = 0;
    for (std::size_t b = 0; b < counts_.size(); ++b) {
      seen += counts_[b];
      if (seen >= wanted && all > 0) return end(b);
    }
    return 0;
  }
  const std::vector<std::uint64_t>& counts() const noexcept { return counts_; }

 private:
  /// Below 16 each value has its own; above, the position of the highest bit and the four bits below it.
  static std::size_t bucket(std::uint64_t ns) noexcept {
    if (ns < 16) return static_cast<std::size_t>(ns);
    const auto shift = static_cast<unsigned>(std::bit_width(ns)) - 5;
    return std::min<std::size_t>((shift + std::size_t{1}) * 16 + ((ns >> shift) & 15), buckets - 1);
  }
  static std::uint64_t end(std::size_t b) noexcept {
    if (b < 16) return b;
    const auto shift = b / 16 - 1;
    return ((16 + b % 16 + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> counts_;
};

}  // namespace weft::bank
