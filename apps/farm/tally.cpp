// SPDX-License-Identifier: BSL-1.0
#include "tally.hpp"

#include <algorithm>

namespace weft::farm {

void tally::count(const task_result& result) {
  ++ended_;
  const bool is_slow = slowest_.size() < slowest_kept || result.seconds > slowest_.back().seconds;
  if (is_slow) {
    const auto longer = [](const task_result& a, const task_result& b) { return a.seconds > b.seconds; };
    slowest_.insert(std::upper_bound(slowest_.begin(), slowest_.end(), result, longer), result);
    if (slowest_.size() > slowest_kept) slowest_.pop_back();
  }
  if (result.succeeded()) return;
  ++failed_;
  if (result.signal != 0) ++killed_;
  if (first_failures_.size() < failures_kept) first_failures_.push_back(result);
}

void tally::add_earlier(const task_result& result) {
  ++earlier_;
  count(result);
}

void tally::add(const task_result& result, double at) {
  rank_tally& rank = ranks_[result.rank];
  ++rank.tasks;
  rank.busy += result.seconds;
  rank.over_time.add(at - result.seconds, at);
  count(result);
}

}  // namespace weft::farm
