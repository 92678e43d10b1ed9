// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace weft::sim {

/// A hash over the events of a run, in their order: 64-bit multiply and xor-shift per word (the finaliser of
/// splitmix64). Two runs with equal hashes did the same things at the same virtual times.
class trace_hash {
 public:
  constexpr void add(std::uint64_t word) noexcept {
    std::uint64_t z = (state_ ^ word) * 0xbf58476d1ce4e5b9u;
    z ^= z >> 32;
    state_ = z * 0x94d049bb133111ebu + 0x9e3779b97f4a7c15u;
  }
  constexpr std::uint64_t value() const noexcept { return state_ ^ (state_ >> 31); }

 private:
  std::uint64_t state_ = 0x243f6a8885a308d3u;  // the first digits of pi
};

}  // namespace weft::sim
