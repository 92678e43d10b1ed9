// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace weft::txn {

/// What the journals of all ranks say of one transaction, put together at a restart.
struct findings {
  std::uint32_t listed = 0;  ///< participants in the list that each `prepared_listed` record carries; 0: no such record
  std::uint32_t prepared = 0;  ///< of them, those whose `prepared` record is there
  bool committed = false;      ///< any `committed` record, the coordinator's or a participant's
  bool aborted = false;        ///< any `aborted` record
};

/// The outcome that all ranks of a restart agree on: true for committed. Under the explicit rule only a `committed`
/// record says so. Under the implicit rule the durable promises of all that are listed are the decision themselves,
/// unless a deadline has been recorded first (Cornus, Guo et al., PVLDB 16, 2022, has the rule for shared logs).
constexpr bool decide(const findings& found) noexcept {
  if (found.committed) return true;
  if (found.aborted) return false;
  return found.listed > 0 && found.prepared == found.listed;
}

}  // namespace weft::txn
