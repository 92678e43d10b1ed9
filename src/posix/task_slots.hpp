// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vector>

namespace weft::posix {

/// Which of a rank's slots are taken.
class task_slots {
 public:
  void reset(int slots) {
    taken_.assign(static_cast<std::size_t>(slots), false);
    free_ = slots;
  }
  int free() const noexcept { return free_; }
  int size() const noexcept { return static_cast<int>(taken_.size()); }
  /// Takes `count` slots, which must be free; their numbers need not be neighbours.
  std::vector<int> take(int count) {
    std::vector<int> got;
    for (std::size_t i = 0; i < taken_.size() && static_cast<int>(got.size()) < count; ++i) {
      if (taken_[i]) continue;
      taken_[i] = true;
      got.push_back(static_cast<int>(i));
    }
    free_ -= static_cast<int>(got.size());
    return got;
  }
  void release(const std::vector<int>& slots) noexcept {
    for (const int slot : slots) taken_[static_cast<std::size_t>(slot)] = false;
    free_ += static_cast<int>(slots.size());
  }

 private:
  std::vector<bool> taken_;
  int free_ = 0;
};

}  // namespace weft::posix
