// SPDX-License-Identifier: BSL-1.0
#include "posix/report_pipe.hpp"

#include <unistd.h>

#include <cerrno>

namespace weft::posix {

void report_pipe::add(const supervised_end& end) {
  // A report costs the rank, rank 0 and the way back more than a short task's own.
  constexpr auto longest = std::chrono::milliseconds(5);
  if (reports_.empty()) due_ = clock::now() + longest;
  append_frame(reports_, task_frame::ended, end);
}

void report_pipe::send_if_due(bool is_wanted) {
  constexpr std::size_t much = 16 * 1024;
  if (!reports_.empty() && (is_wanted || reports_.size() >= much || clock::now() >= due_)) send();
}

void report_pipe::send() {
  unsent_.append(reports_.data(), reports_.size());
  reports_.clear();
  due_ = clock::time_point::max();
  while (sent_ < unsent_.size()) {
    const ssize_t n = ::write(STDOUT_FILENO, unsent_.data() + sent_, unsent_.size() - sent_);
    if (n > 0) sent_ += static_cast<std::size_t>(n);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) break;  // nobody reads any more: standard input says so too
  }
  unsent_.clear();
  sent_ = 0;
}

}  // namespace weft::posix
