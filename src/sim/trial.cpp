// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/trial.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include <weft/core/error.hpp>

namespace weft::sim {

namespace {

/// In the child: never returns.
[[noreturn]] void run_and_exit(const std::function<std::string()>& run, int answer) {
  const int nowhere = ::open("/dev/null", O_WRONLY);
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(nowhere, STDERR_FILENO);
  const std::string failure = run();
  std::size_t written = 0;
  while (written < failure.size()) {
    const ssize_t n = ::write(answer, failure.data() + written, failure.size() - written);
    if (n <= 0) break;
    written += static_cast<std::size_t>(n);
  }
  _exit(0);
}

std::string read_all(int descriptor) {
  std::string text;
  char part[512];
  for (;;) {
    const ssize_t n = ::read(descriptor, part, sizeof part);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(part, static_cast<std::size_t>(n));
  }
}

}  // namespace

std::string run_apart(const std::function<std::string()>& run) {
  int ends[2];
  if (::pipe(ends) != 0) throw world_error("no pipe for a trial", errno);
  const pid_t child = ::fork();
  if (child < 0) throw world_error("no process for a trial", errno);
  if (child == 0) {
    ::close(ends[0]);
    run_and_exit(run, ends[1]);
  }
  ::close(ends[1]);
  std::string failure = read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return "the process ended with " + std::to_string(WEXITSTATUS(status));
  return failure;
}

std::string without_numbers(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit) {
      out += c;
    } else if (out.empty() || out.back() != '#') {
      out += '#';
    }
  }
  return out;
}

}  // namespace weft::sim
