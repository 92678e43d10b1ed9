// SPDX-License-Identifier: BSL-1.0
#include "tally.hpp"

namespace weft::farm {

void tally::add(const task_result& result, double at) {
  ++ended_;
  rank_tally& rank = ranks_[result.rank];
  ++rank.tasks;
  rank.busy += result.seconds;
  rank.over_time.add(at - result.seconds, at);
  if (result.succeeded()) return;
  ++failed_;
  if (result.signal != 0) ++killed_;
  if (first_failures_.size() < failures_kept) first_failures_.push_back(result);
}

}  // namespace weft::farm
