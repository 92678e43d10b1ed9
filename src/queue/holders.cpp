// SPDX-License-Identifier: BSL-1.0
#include <weft/queue/holders.hpp>

#include <algorithm>

namespace weft::detail {

bool holder_table::holds(const task_lineage& task) const noexcept {
  // A lineage ends with number 0: plain code, which started the first task, or too many ancestors.
  return std::any_of(task.numbers.begin(), task.numbers.end(), [this](std::uint32_t number) {
    const auto found = holders_.find(number);
    return found != holders_.end() && found->second.held > 0;
  });
}

/// Forgets tasks that hold nothing, now and then: each costs constant time on average.
holder& holder_table::of_new(std::uint32_t number) {
  if (holders_.size() >= sweep_at_) {
    std::erase_if(holders_, [](const auto& one) { return one.first != 0 && one.second.held == 0; });
    sweep_at_ = holders_.size() * 2 + most_forgotten;
  }
  holder& found = holders_[number];
  found.queue = queue_;
  found.task = number;
  return found;
}

}  // namespace weft::detail
