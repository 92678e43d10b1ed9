// SPDX-License-Identifier: BSL-1.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>
#include <weft/core/error.hpp>
#include <weft/posix/spawn.hpp>

namespace weft::posix {
namespace {

/// Runs a script and returns its standard output, then "|" and the exit code.
std::string output_of(child_program program, const std::string& script) {
  program.argv = {"/bin/sh", "-c", script};
  spawned child = spawn(program);
  ::fcntl(child.output.get(), F_SETFL, 0);  // the test may wait
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(child.output.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  int status = 0;
  EXPECT_EQ(::waitpid(child.pid, &status, 0), child.pid);
  return text + "|" + std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

std::string reason(const child_program& program) {
  try {
    spawn(program);
  } catch (const world_error& e) {
    EXPECT_NE(e.code(), 0);
    return e.what();
  }
  return "started";
}

TEST(spawn, own_group_and_empty_input) {
  EXPECT_EQ(output_of({}, "cat; ps -o pgid= -p $$ | tr -d ' ' | grep -qx $$ && echo leader"), "leader\n|0");
}

TEST(spawn, only_standard_descriptors_are_inherited) {
  const int inherited = ::open("/dev/null", O_RDONLY);  // no close-on-exec, as MPI's are
  const int high = ::fcntl(inherited, F_DUPFD, 700);
  EXPECT_EQ(output_of({}, "for f in /proc/$$/fd/*; do [ -e $f ] && echo ${f##*/}; done; exit 1"), "0\n1\n2\n|1");
  ::close(inherited);
  ::close(high);
}

TEST(spawn, works_when_this_process_has_no_standard_descriptors) {
  const int saved[] = {::fcntl(0, F_DUPFD_CLOEXEC, 100), ::fcntl(1, F_DUPFD_CLOEXEC, 100),
                       ::fcntl(2, F_DUPFD_CLOEXEC, 100)};
  ::fflush(stdout);
  for (int i = 0; i < 3; ++i) ::close(i);
  const std::string text =
      output_of({}, "cat; echo out; echo err >&2; for f in /proc/$$/fd/*; do [ -e $f ] && echo ${f##*/}; done; exit 1");
  for (int i = 0; i < 3; ++i) ::dup2(saved[i], i), ::close(saved[i]);
  EXPECT_EQ(text, "out\n0\n1\n2\n|1");
}

TEST(spawn, default_signals_and_empty_mask) {
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  sigset_t blocked, old;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &old);
  const std::string text = output_of({}, "cat /proc/self/status | grep -E '^Sig(Blk|Ign|Cgt)' | tr -d '\\t\\n'");
  sigset_t after;
  ::pthread_sigmask(SIG_SETMASK, &old, &after);
  ::sigaction(SIGPIPE, &before, nullptr);
  EXPECT_EQ(text, "SigBlk:0000000000000000SigIgn:0000000000000000SigCgt:0000000000000000|0");
  EXPECT_EQ(::sigismember(&after, SIGUSR1), 1) << "the caller's mask is as before";
}

TEST(spawn, environment_is_added_replaced_and_stripped) {
  ::setenv("SPAWN_TEST_REPLACED", "old", 1);
  ::setenv("SPAWN_TEST_KEPT", "kept", 1);
  ::setenv("OMPI_SPAWN_TEST", "secret", 1);
  ::setenv("PMIX_SPAWN_TEST", "secret", 1);
  child_program program;
  program.environment = {"SPAWN_TEST_REPLACED=new", "SPAWN_TEST_ADDED=a b=c", "OMPI_SPAWN_GIVEN=1"};
  program.unset_prefixes = {"OMPI_", "PMIX_"};
  EXPECT_EQ(output_of(program, "env | grep -E 'SPAWN_(TEST|GIVEN)' | sort"),
            "OMPI_SPAWN_GIVEN=1\nSPAWN_TEST_ADDED=a b=c\nSPAWN_TEST_KEPT=kept\nSPAWN_TEST_REPLACED=new\n|0");
}

TEST(spawn, directory) {
  child_program program;
  program.directory = "/usr/bin";
  EXPECT_EQ(output_of(program, "pwd"), "/usr/bin\n|0");
}

/// ThreadSanitizer and valgrind turn vfork into fork; the child's failure is then an exit code of 127.
bool vfork_shares_memory() {
  volatile bool shared = false;
  const pid_t pid = ::vfork();
  if (pid == 0) {
    shared = true;
    ::_exit(0);
  }
  ::waitpid(pid, nullptr, 0);
  return shared;
}

TEST(spawn, failures_name_program_and_step_and_leave_nothing) {
  if (!vfork_shares_memory()) GTEST_SKIP() << "vfork copies memory under this tool";
  child_program program;
  program.argv = {"no-such-program-here"};
  EXPECT_EQ(reason(program), "cannot start 'no-such-program-here': execute: No such file or directory");
  program.argv = {"/etc/passwd"};
  EXPECT_EQ(reason(program), "cannot start '/etc/passwd': execute: Permission denied");
  program.argv = {"true"};
  program.directory = "/no/such/directory";
  EXPECT_EQ(reason(program),
            "cannot start 'true': change directory to '/no/such/directory': No such file or directory");
  program.directory.clear();
  program.error_file = "/no/such/directory/err";
  EXPECT_EQ(reason(program), "cannot start 'true': open '/no/such/directory/err': No such file or directory");
  program.argv.clear();
  EXPECT_THROW(spawn(program), usage_error);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(spawn, exit_codes_survive_an_ignored_sigchld) {
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGCHLD, &ignore, &before);
  EXPECT_EQ(output_of({}, "exit 9"), "|9");
  ::sigaction(SIGCHLD, &before, nullptr);
}

TEST(spawn, child_dies_with_a_killed_parent) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    child_program program;
    program.argv = {"sleep", "100"};
    const spawned child = spawn(program);
    [[maybe_unused]] const auto n = ::write(ends[1], &child.pid, sizeof child.pid);
    ::raise(SIGKILL);
  }
  pid_t child = 0;
  ASSERT_EQ(::read(ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  ::waitpid(parent, nullptr, 0);
  bool gone = false;
  for (int i = 0; i < 2000 && !gone; ++i) {
    std::ifstream status("/proc/" + std::to_string(child) + "/stat");
    std::string line;
    gone = !std::getline(status, line) || line.find(") Z") != std::string::npos;
    ::usleep(1000);
  }
  EXPECT_TRUE(gone);
  ::close(ends[0]);
  ::close(ends[1]);
}

class close_from : public ::testing::TestWithParam<void (*)(int) noexcept> {};

TEST_P(close_from, closes_all_and_only_from_the_first) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int low = ::fcntl(0, F_DUPFD, 50);
    for (int i = 0; i < 300; ++i) ::fcntl(0, F_DUPFD, 51);
    GetParam()(51);
    bool right = ::fcntl(low, F_GETFD) >= 0;
    for (int i = 51; i < 1000; ++i) right = right && ::fcntl(i, F_GETFD) < 0;
    ::_exit(right ? 0 : 1);
  }
  int status = 1;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
}

INSTANTIATE_TEST_SUITE_P(spawn, close_from, ::testing::Values(&close_all_from, &close_listed_from));

}  // namespace
}  // namespace weft::posix
