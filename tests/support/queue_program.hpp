// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/core/random.hpp>
#include <weft/queue/work_queue.hpp>

namespace weft::testing {

/// What became of the items of a random program, as its ranks saw it: each rank counts, and the counts of all ranks
/// together must fit the sequential model of a queue, in which every item that is put is done, or dies after so many
/// attempts, exactly once.
struct program_log {
  std::map<std::int64_t, int> put, done, failed, dead;
  int cancelled_results = 0;
  int results = 0;
  std::string wrong;  ///< the first thing that no queue may do

  void merge(const program_log& other);
  /// What the model says about the merged logs of a program that was not cancelled, "" if all is well.
  std::string verdict(unsigned retries) const;
  /// Of one that was cancelled: nothing twice.
  std::string verdict_cancelled() const;
};

struct program_options {
  std::uint64_t seed = 1;
  int steps = 60;
  bool cancels = false;  ///< rank 0 cancels the queue somewhere
  unsigned retries = 1;
  /// A second task that only gets: in a queue of small capacity, somebody has to take while the first one waits.
  bool has_consumer = false;
  /// Bit r: rank r only submits, and never takes an item. Not all ranks.
  std::uint64_t only_submits = 0;
};

/// One rank's part of a random program of put, get, close, cancel, throw, give back, join and leave, that ends when the
/// queue is drained.
task<> run_program(context& ctx, work_queue<std::int64_t, std::int64_t>& q, program_options options, program_log& log);

}  // namespace weft::testing
