// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/outcomes.hpp>

#include <algorithm>
#include <iterator>

namespace weft::txn {
namespace {

/// The first range that begins behind the sequence.
template <class Ranges>
auto range_behind(Ranges& all, std::uint64_t sequence) {
  return std::upper_bound(all.begin(), all.end(), sequence,
                          [](std::uint64_t s, const outcome_table::range& r) { return s < r.first; });
}

}  // namespace

void outcome_table::add(std::uint32_t epoch, std::uint32_t coordinator, range what) {
  if (epoch < first_epoch_) return;
  auto& all = all_[{epoch, coordinator}].committed;
  auto at = range_behind(all, what.first);
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

void outcome_table::add(std::uint32_t epoch, std::uint32_t coordinator, const coordinator_outcomes& other) {
  if (epoch < first_epoch_) return;
  coordinator_outcomes& of = all_[{epoch, coordinator}];
  of.known_from = std::max(of.known_from, other.known_from);
  for (const range& each : other.committed) add(epoch, coordinator, each);
}

void outcome_table::forget_runs_before(std::uint32_t epoch) {
  first_epoch_ = std::max(first_epoch_, epoch);
  all_.erase(all_.begin(), all_.lower_bound({first_epoch_, 0}));
}

bool outcome_table::has_committed(const transaction_id& id) const {
  const auto found = all_.find({id.epoch, id.coordinator});
  if (found == all_.end()) return false;
  const auto at = range_behind(found->second.committed, id.sequence);
  return at != found->second.committed.begin() && std::prev(at)->last >= id.sequence;
}

std::optional<transaction_outcome> outcome_table::find(const transaction_id& id) const {
  if (has_committed(id)) return transaction_outcome::committed;
  if (id.epoch < first_epoch_) return std::nullopt;
  const auto found = all_.find({id.epoch, id.coordinator});
  if (found != all_.end() && id.sequence < found->second.known_from) return std::nullopt;
  return transaction_outcome::aborted;
}

void outcome_table::trim(std::uint32_t epoch, std::uint32_t coordinator, std::uint64_t below, std::size_t most) {
  const auto found = all_.find({epoch, coordinator});
  if (found == all_.end() || found->second.committed.size() <= most) return;
  coordinator_outcomes& of = found->second;
  auto end = of.committed.begin();
  const auto last = of.committed.end() - static_cast<std::ptrdiff_t>(most / 2);
  while (end != last && end->last < below) ++end;
  if (end == of.committed.begin()) return;
  of.known_from = std::max(of.known_from, std::prev(end)->last + 1);
  of.committed.erase(of.committed.begin(), end);
}

}  // namespace weft::txn
