// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <signal.h>

#include <vector>
#include <weft/posix/file_descriptor.hpp>

namespace weft::posix {

/// Turns signals into something a loop can poll: a handler notes the signal and makes `fd()` readable.
///
/// Not signalfd, which needs the signal blocked in every thread, also in those that MPI has started. The handler has to
/// find its watch, so the process has one table of signal numbers; a signal has at most one watch at a time.
class signal_catcher {
 public:
  signal_catcher();
  ~signal_catcher();
  signal_catcher(const signal_catcher&) = delete;
  signal_catcher& operator=(const signal_catcher&) = delete;

  /// From now on the signal is noted instead of its action. Throws `usage_error` when another watch has it and for
  /// SIGCHLD, which belongs to MPI's launcher; `world_error` for a signal that cannot be caught. Again: only `token`.
  void add(int signal, void* token);
  /// Puts the old action back; what was noted and not taken is dropped.
  void remove(int signal) noexcept;
  bool empty() const noexcept { return watched_.empty(); }

  int fd() const noexcept { return news_.get(); }
  /// Hands out one noted signal; false when there is none, and `fd()` is then no longer readable.
  bool take(int& signal, void*& token) noexcept;

 private:
  struct watched {
    int signal;
    void* token;
    struct sigaction old_action;
  };
  std::vector<watched> watched_;
  file_descriptor news_;
};

}  // namespace weft::posix
