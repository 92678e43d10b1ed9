// SPDX-License-Identifier: BSL-1.0
#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <weft/core/error.hpp>
#include <weft/posix/process_tree.hpp>

namespace weft::posix {
namespace {

/// A child belongs to the thread that made it.
void append_children(pid_t of, std::vector<pid_t>& found) {
  const std::string tasks = "/proc/" + std::to_string(of) + "/task";
  DIR* folder = ::opendir(tasks.c_str());
  if (folder == nullptr) return;
  while (const dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    std::ifstream children(tasks + "/" + entry->d_name + "/children");
    for (pid_t child = 0; children >> child;) found.push_back(child);
  }
  ::closedir(folder);
}

}  // namespace

std::vector<pid_t> descendants(pid_t of) {
  std::vector<pid_t> found;
  append_children(of, found);
  for (std::size_t i = 0; i < found.size(); ++i) append_children(found[i], found);
  return found;
}

void kill_tree(pid_t leader) noexcept {
  const std::vector<pid_t> below = descendants(leader);  // before their parents end, and they are somebody else's
  ::kill(-leader, SIGKILL);
  ::kill(leader, SIGKILL);
  for (const pid_t process : below) ::kill(process, SIGKILL);
}

void become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0) return;
  throw world_error(std::string("cannot become a subreaper: ") + std::strerror(errno), errno);
}

void kill_all_descendants(std::chrono::milliseconds patience) noexcept {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    // Each round kills who was there when it looked; who was born meanwhile has become a child of ours by the next.
    for (const pid_t process : descendants(::getpid())) ::kill(process, SIGKILL);
    pid_t reaped = 0;
    while ((reaped = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (reaped < 0 && errno == ECHILD) return;
    if (std::chrono::steady_clock::now() >= deadline) return;
    ::usleep(1000);
  }
}

}  // namespace weft::posix
