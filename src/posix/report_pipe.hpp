// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <weft/core/bytes.hpp>
#include <weft/posix/task_protocol.hpp>

namespace weft::posix {

/// A supervisor's reports on their way to standard output, which is nonblocking: a rank that reads late must not keep
/// its tasks waiting.
class report_pipe {
 public:
  using clock = std::chrono::steady_clock;

  void add(const supervised_end& end);
  /// When reports are to be sent at the latest; `max()` when there are none.
  clock::time_point due() const noexcept { return due_; }
  /// Sends if it is time, or there is much, or the rank waits (`is_wanted`).
  void send_if_due(bool is_wanted);
  void send();
  /// The pipe is full: `send` again when it is writable.
  bool is_blocked() const noexcept { return sent_ < unsent_.size(); }

 private:
  byte_buffer reports_;
  byte_buffer unsent_;
  std::size_t sent_ = 0;
  clock::time_point due_ = clock::time_point::max();
};

}  // namespace weft::posix
