// SPDX-License-Identifier: BSL-1.0
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <weft/posix/child_input.hpp>

namespace weft::posix {

bool child_input::give(std::span<const std::byte> bytes) {
  if (!pipe_ || ends_) return false;
  const bool must_wait = waits();
  unwritten_.insert(unwritten_.end(), bytes.begin(), bytes.end());
  if (!must_wait) write_more();
  return static_cast<bool>(pipe_);
}

/// SIGPIPE is blocked meanwhile and taken away: the program may have set any action for it.
void child_input::write_more() {
  sigset_t pipe_signal, before;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  std::size_t written = 0;
  int code = 0;
  while (written < unwritten_.size() && code == 0) {
    const ssize_t n = ::write(pipe_.get(), unwritten_.data() + written, unwritten_.size() - written);
    if (n >= 0) written += static_cast<std::size_t>(n);
    if (n < 0 && errno != EINTR) code = errno;
  }
  const timespec at_once{};
  if (code == EPIPE) ::sigtimedwait(&pipe_signal, nullptr, &at_once);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  unwritten_.erase(unwritten_.begin(), unwritten_.begin() + static_cast<std::ptrdiff_t>(written));
  if (code == EAGAIN) return;
  if (code != 0) unwritten_.clear();  // it reads no more
  if (code != 0 || ends_) pipe_.reset();
}

void child_input::end() {
  ends_ = true;
  if (unwritten_.empty()) pipe_.reset();
}

}  // namespace weft::posix
