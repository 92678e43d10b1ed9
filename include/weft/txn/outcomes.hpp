// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <weft/txn/outcome.hpp>
#include <weft/txn/transaction_id.hpp>

namespace weft::txn {

/// Which transactions have committed. A coordinator's sequences are dense, so ranges of them take little room; what is
/// trimmed away is not known any more, which is not the same as aborted.
class outcome_table {
 public:
  struct range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    friend bool operator==(const range&, const range&) = default;
  };
  struct coordinator_outcomes {
    std::uint64_t known_from = 0;  ///< below, only what stands in `committed` is known
    std::vector<range> committed;  ///< ascending, apart from each other
  };

  void add_committed(const transaction_id& id) { add(id.epoch, id.coordinator, {id.sequence, id.sequence}); }
  void add(std::uint32_t epoch, std::uint32_t coordinator, range what);
  /// Adds what another table knows, and does not know.
  void add(std::uint32_t epoch, std::uint32_t coordinator, const coordinator_outcomes& other);
  void forget_runs_before(std::uint32_t epoch);
  std::uint32_t first_epoch() const noexcept { return first_epoch_; }

  bool has_committed(const transaction_id& id) const;
  /// Nothing: it is too long ago to be known.
  std::optional<transaction_outcome> find(const transaction_id& id) const;

  /// If there are more than `most` ranges, drops the oldest of those that end below `below`, to half as many.
  void trim(std::uint32_t epoch, std::uint32_t coordinator, std::uint64_t below, std::size_t most);

  /// Calls `visit(epoch, coordinator, coordinator_outcomes)` for each coordinator.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [who, of] : all_) visit(who.first, who.second, of);
  }

 private:
  std::map<std::pair<std::uint32_t, std::uint32_t>, coordinator_outcomes> all_;
  std::uint32_t first_epoch_ = 0;
};

}  // namespace weft::txn
