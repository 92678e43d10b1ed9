// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "results.hpp"
#include "timeline.hpp"

namespace weft::farm {

/// What one rank did.
struct rank_tally {
  std::uint64_t tasks = 0;
  double busy = 0;  ///< seconds of its tasks together
  timeline over_time;
};

/// What is known of a batch while its results come in. Grows with the ranks that have run something, not with the
/// tasks.
class tally {
 public:
  static constexpr std::size_t failures_kept = 5;

  static constexpr std::size_t slowest_kept = 5;

  explicit tally(std::uint64_t total) : total_(total) {}

  /// A result of an earlier run.
  void add_earlier(const task_result& result);

  /// A result came `at` seconds after the batch began.
  void add(const task_result& result, double at);

  std::uint64_t total() const noexcept { return total_; }
  std::uint64_t ended() const noexcept { return ended_; }      ///< have a result
  std::uint64_t earlier() const noexcept { return earlier_; }  ///< of these: of earlier runs
  std::uint64_t ended_now() const noexcept { return ended_ - earlier_; }
  std::uint64_t failed() const noexcept { return failed_; }
  std::uint64_t killed() const noexcept { return killed_; }  ///< of the failed: by a signal
  const std::vector<task_result>& first_failures() const noexcept { return first_failures_; }
  const std::vector<task_result>& slowest() const noexcept { return slowest_; }  ///< of all runs, longest first
  const std::map<int, rank_tally>& ranks() const noexcept { return ranks_; }

 private:
  void count(const task_result& result);

  std::uint64_t total_;
  std::uint64_t ended_ = 0;
  std::uint64_t earlier_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t killed_ = 0;
  std::vector<task_result> first_failures_;
  std::vector<task_result> slowest_;
  std::map<int, rank_tally> ranks_;
};

}  // namespace weft::farm
