// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace weft {

/// Names one attempt of a transaction, for ever: no two attempts of any run of a store have the same. It is a name, not
/// an age (that is `txn::lock_age`).
struct transaction_id {
  std::uint32_t epoch = 0;        ///< of the run, from 1; 0 names no transaction
  std::uint32_t coordinator = 0;  ///< rank in that run
  std::uint64_t sequence = 0;     ///< counts the coordinator's attempts
  friend constexpr auto operator<=>(const transaction_id&, const transaction_id&) = default;
};

}  // namespace weft

template <>
struct std::hash<weft::transaction_id> {
  std::size_t operator()(const weft::transaction_id& id) const noexcept {
    // The multiplier spreads neighbouring sequences (Knuth, TAOCP volume 3, 6.4: the golden section).
    return (id.sequence * 0x9e3779b97f4a7c15u) ^ (id.coordinator * 0xc2b2ae3d27d4eb4fu) ^ id.epoch;
  }
};
