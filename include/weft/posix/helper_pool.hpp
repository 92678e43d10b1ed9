// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace weft::posix {

/// A few threads for the system calls that block (fsync, locks on a network file system). They are started with the
/// first job, take no signals, and never call anything of a loop.
class helper_pool {
 public:
  using clock = std::chrono::steady_clock;
  using job = std::function<void()>;

  explicit helper_pool(int threads) : wanted_(threads) {}
  ~helper_pool();  ///< waits for running jobs; those not yet begun are dropped
  helper_pool(const helper_pool&) = delete;
  helper_pool& operator=(const helper_pool&) = delete;

  /// Runs `work` on one of the threads, not before `when`; jobs due are begun in the order of their times, then of
  /// their submission. From any thread.
  void submit(job work, clock::time_point when = clock::time_point::min());

 private:
  struct entry {
    clock::time_point when;
    unsigned long order;
    job work;
    bool operator<(const entry& other) const noexcept {  // the queue hands out the greatest first
      return when != other.when ? when > other.when : order > other.order;
    }
  };
  void run();
  void start_threads();

  int wanted_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::priority_queue<entry> queue_;
  unsigned long submitted_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace weft::posix
