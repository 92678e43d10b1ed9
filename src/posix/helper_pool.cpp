// SPDX-License-Identifier: BSL-1.0
#include <signal.h>

#include <utility>
#include <weft/posix/helper_pool.hpp>

namespace weft::posix {

helper_pool::~helper_pool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void helper_pool::submit(job work, clock::time_point when) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push({when, submitted_++, std::move(work)});
    if (threads_.empty()) start_threads();
  }
  changed_.notify_one();
}

/// New threads inherit the mask: with everything blocked, signals stay with the threads that were there before.
void helper_pool::start_threads() {
  sigset_t all, old;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &old);
  for (int i = 0; i < wanted_; ++i) threads_.emplace_back([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

void helper_pool::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (queue_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto when = queue_.top().when;
    if (when > clock::now()) {
      changed_.wait_until(lock, when);
      continue;
    }
    // top() is const only to protect the order, which pop() ends anyway.
    job work = std::move(const_cast<entry&>(queue_.top()).work);
    queue_.pop();
    lock.unlock();
    work();
    work = nullptr;  // what it holds is let go outside the lock
    lock.lock();
  }
}

}  // namespace weft::posix
