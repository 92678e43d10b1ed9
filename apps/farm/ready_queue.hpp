// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>

namespace weft::farm {

/// Tasks that wait for a rank, the most urgent first; those of one priority in the order in which they came.
class ready_queue {
 public:
  /// How many of each priority `take_first` looks at: a task that no free rank can take hides no more than that.
  static constexpr std::size_t looked_at = 64;

  void push(std::uint32_t task, std::int32_t priority) {
    levels_[priority].push_back(task);
    ++size_;
  }
  /// For one that comes back.
  void push_front(std::uint32_t task, std::int32_t priority) {
    levels_[priority].push_front(task);
    ++size_;
  }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::optional<std::uint32_t> front() const {
    if (empty()) return std::nullopt;
    return levels_.begin()->second.front();
  }
  /// Takes the first task that `fits(task)`.
  template <class Fits>
  std::optional<std::uint32_t> take_first(Fits&& fits) {
    for (auto level = levels_.begin(); level != levels_.end(); ++level) {
      std::deque<std::uint32_t>& tasks = level->second;
      for (std::size_t i = 0; i < tasks.size() && i < looked_at; ++i) {
        const std::uint32_t task = tasks[i];
        if (!fits(task)) continue;
        tasks.erase(tasks.begin() + static_cast<std::ptrdiff_t>(i));
        if (tasks.empty()) levels_.erase(level);
        --size_;
        return task;
      }
    }
    return std::nullopt;
  }

 private:
  std::map<std::int32_t, std::deque<std::uint32_t>, std::greater<>> levels_;
  std::size_t size_ = 0;
};

}  // namespace weft::farm
