// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>
#include <weft/posix/process_tree.hpp>
#include <weft/posix/spawn.hpp>

namespace weft::posix {
namespace {

using namespace std::chrono_literals;

template <class Condition>
bool becomes(Condition&& condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

spawned run_script(const std::string& script) {
  child_program program;
  program.argv = {"/bin/sh", "-c", script};
  return spawn(program);
}

/// Gone, or a zombie that its new parent, init, does not reap in some containers.
bool has_ended(pid_t process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::size_t name = text.rfind(')');
  return name == std::string::npos || text.substr(name + 2, 1) == "Z";
}

/// A shell, one below it, one in a session of its own.
const std::string three = "sh -c 'sleep 300 & wait' & setsid sleep 300 & wait";

TEST(process_tree, finds_children_of_children_in_other_sessions_too) {
  const spawned child = run_script(three);
  EXPECT_TRUE(becomes([&] { return descendants(child.pid).size() == 3; }));
  kill_tree(child.pid);
  ::waitpid(child.pid, nullptr, 0);
}

TEST(process_tree, kills_them_all) {
  const spawned child = run_script(three);
  ASSERT_TRUE(becomes([&] { return descendants(child.pid).size() == 3; }));
  const std::vector<pid_t> below = descendants(child.pid);
  kill_tree(child.pid);
  int status = 0;
  EXPECT_EQ(::waitpid(child.pid, &status, 0), child.pid);
  EXPECT_TRUE(WIFSIGNALED(status));
  for (const pid_t process : below) EXPECT_TRUE(becomes([&] { return has_ended(process); })) << process;
}

TEST(process_tree, a_process_that_is_gone_has_no_descendants) {
  const spawned child = run_script("exit 0");
  ::waitpid(child.pid, nullptr, 0);
  EXPECT_TRUE(descendants(child.pid).empty());
  kill_tree(child.pid);
}

/// In a process of its own: a subreaper is one for good.
int end_everything() {
  become_subreaper();
  run_script("setsid sh -c 'setsid sleep 300 & sleep 300' & exit 0");
  if (!becomes([] { return descendants(::getpid()).size() >= 2; })) return 1;
  const auto begin = std::chrono::steady_clock::now();
  kill_all_descendants(5s);
  if (std::chrono::steady_clock::now() - begin > 4s) return 2;
  if (!descendants(::getpid()).empty()) return 3;
  return ::waitpid(-1, nullptr, WNOHANG) == -1 ? 0 : 4;  // no zombie either
}

TEST(process_tree, a_subreaper_ends_also_those_that_have_left) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(end_everything());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace weft::posix
