// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace weft {

/// A small, fast, seeded generator of 64-bit numbers: splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom
/// number generators", OOPSLA 2014, figure 16). Integer arithmetic only: the same everywhere. Not for secrets.
class random_source {
 public:
  using result_type = std::uint64_t;
  explicit constexpr random_source(std::uint64_t seed) noexcept : state_(seed) {}

  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return ~result_type{0}; }
  constexpr result_type operator()() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// A number in [0, bound), unbiased (Lemire, "Fast random integer generation in an interval", 2019). `bound` > 0.
  constexpr std::uint64_t below(std::uint64_t bound) noexcept {
    for (;;) {
      const std::uint64_t draw = (*this)() >> 32;
      const std::uint64_t scaled = draw * (bound & 0xffffffffu);
      if (bound > 0xffffffffu) return wide_below(bound);
      if ((scaled & 0xffffffffu) >= (std::uint64_t{1} << 32) % bound) return scaled >> 32;
    }
  }

 private:
  constexpr std::uint64_t wide_below(std::uint64_t bound) noexcept {
    const std::uint64_t limit = max() - max() % bound;
    for (;;) {
      const std::uint64_t draw = (*this)();
      if (draw < limit) return draw % bound;
    }
  }

  std::uint64_t state_;
};

}  // namespace weft
