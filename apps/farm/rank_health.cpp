// SPDX-License-Identifier: BSL-1.0
#include "rank_health.hpp"

#include <utility>

namespace weft::farm {

bool rank_health::others_do_well(std::size_t rank) const noexcept {
  const double since = ranks_[rank].held_since - longest_doubt;
  for (std::size_t other = 0; other < ranks_.size(); ++other) {
    const state& there = ranks_[other];
    if (other != rank && !there.apart && there.held.empty() && there.last_good >= 0 && there.last_good >= since)
      return true;
  }
  return false;
}

bool rank_health::others_fail_too(std::size_t rank) const noexcept {
  for (std::size_t other = 0; other < ranks_.size(); ++other) {
    const state& there = ranks_[other];
    if (other != rank && !there.apart && !there.does_not_hold && there.held.empty()) return false;
  }
  return true;
}

rank_health::verdict rank_health::judge(int rank, double now) noexcept {
  state& here = ranks_[static_cast<std::size_t>(rank)];
  if (others_do_well(static_cast<std::size_t>(rank))) {
    here.apart = true;
    here.proven = false;
    here.apart_since = now;
    ++apart_;
    return verdict::innocent;
  }
  if (!others_fail_too(static_cast<std::size_t>(rank))) return verdict::held;
  here.does_not_hold = true;
  return verdict::counts;
}

rank_health::verdict rank_health::failed(int rank, std::uint32_t task, double seconds, double now) {
  state& here = ranks_[static_cast<std::size_t>(rank)];
  if (here.apart) return verdict::innocent;
  if (ranks_.size() < 2 || seconds > quick || here.does_not_hold) return verdict::counts;
  if (here.held.empty()) here.held_since = now;
  here.held.push_back(task);
  ++held_;
  if (here.held.size() < row_of_failures) return verdict::held;
  return judge(rank, now) == verdict::innocent ? verdict::innocent : verdict::held;
}

void rank_health::succeeded(int rank, double now) noexcept {
  state& here = ranks_[static_cast<std::size_t>(rank)];
  here.does_not_hold = false;
  here.last_good = now;
}

void rank_health::moved_ended(int from, bool succeeded) noexcept {
  state& there = ranks_[static_cast<std::size_t>(from)];
  if (!there.apart || there.proven) return;
  if (succeeded) {
    there.proven = true;
    return;
  }
  there.does_not_hold = true;  // the tasks are at fault
  take_back(there);
}

void rank_health::take_back(state& rank) noexcept {
  rank.apart = false;
  --apart_;
}

void rank_health::pardon(double now) noexcept {
  for (state& rank : ranks_) {
    if (rank.apart && !rank.proven && now - rank.apart_since > longest_apart) take_back(rank);
  }
}

std::vector<std::uint32_t> rank_health::take_held(int rank) {
  state& here = ranks_[static_cast<std::size_t>(rank)];
  held_ -= here.held.size();
  return std::exchange(here.held, {});
}

std::vector<int> rank_health::due(double now, bool all) const {
  std::vector<int> found;
  for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
    const state& here = ranks_[rank];
    if (here.held.empty()) continue;
    if (all || here.does_not_hold || now - here.held_since > longest_doubt) found.push_back(static_cast<int>(rank));
  }
  return found;
}

}  // namespace weft::farm
