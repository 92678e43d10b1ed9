// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <weft/txn/transaction_id.hpp>

namespace weft::txn {

/// Which transactions have committed. A coordinator's sequences are dense, so ranges of them take little room.
class outcome_table {
 public:
  struct range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    friend bool operator==(const range&, const range&) = default;
  };

  void add_committed(const transaction_id& id) { add(id.epoch, id.coordinator, {id.sequence, id.sequence}); }
  void add(std::uint32_t epoch, std::uint32_t coordinator, range what) {
    auto& all = committed_[{epoch, coordinator}];
    // Mostly the newest.
    auto at = std::upper_bound(all.begin(), all.end(), what.first,
                               [](std::uint64_t first, const range& r) { return first < r.first; });
    if (at != all.begin() && std::prev(at)->last + 1 >= what.first) {
      --at;
      at->last = std::max(at->last, what.last);
    } else {
      at = all.insert(at, what);
    }
    auto next = std::next(at);
    while (next != all.end() && next->first <= at->last + 1) {
      at->last = std::max(at->last, next->last);
      next = all.erase(next);
    }
  }
  bool has_committed(const transaction_id& id) const {
    const auto found = committed_.find({id.epoch, id.coordinator});
    if (found == committed_.end()) return false;
    const auto& all = found->second;
    const auto at = std::upper_bound(all.begin(), all.end(), id.sequence,
                                     [](std::uint64_t sequence, const range& r) { return sequence < r.first; });
    return at != all.begin() && std::prev(at)->last >= id.sequence;
  }
  /// Calls `visit(epoch, coordinator, range)` for each range.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [who, all] : committed_) {
      for (const range& r : all) visit(who.first, who.second, r);
    }
  }

 private:
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<range>> committed_;
};

}  // namespace weft::txn
