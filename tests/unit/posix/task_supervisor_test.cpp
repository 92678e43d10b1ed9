// SPDX-License-Identifier: BSL-1.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>
#include <weft/posix/file_descriptor.hpp>
#include <weft/posix/task_protocol.hpp>
#include <weft/posix/task_supervisor.hpp>

#include "support/scratch_directory.hpp"

namespace weft::posix {
namespace {

using namespace std::chrono_literals;

/// A supervisor in a process of its own; the test is its rank.
class task_supervisor_test : public ::testing::Test {
 protected:
  void begin(int slots) {
    int input[2];
    int output[2];
    ASSERT_EQ(::pipe2(input, O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(output, O_CLOEXEC), 0);
    pid = ::fork();
    if (pid == 0) {
      ::dup2(input[0], STDIN_FILENO);
      ::dup2(output[1], STDOUT_FILENO);
      for (const int end : {input[0], input[1], output[0], output[1]}) ::close(end);
      ::setpgid(0, 0);
      ::_exit(supervise_tasks());
    }
    ::close(input[0]);
    ::close(output[1]);
    to.reset(input[1]);
    from.reset(output[0]);
    supervisor_options options;
    options.rank = 3;
    options.slots = slots;
    options.output = folder.path() + "/node";
    options.lock_file = lock_file;
    byte_buffer frame;
    append_frame(frame, task_frame::options, options);
    send(frame);
  }
  void TearDown() override {
    if (pid > 0) finish();
  }
  int finish() {
    to.reset();
    int status = 0;
    ::waitpid(pid, &status, 0);
    pid = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void send(const byte_buffer& frames) {
    ASSERT_EQ(::write(to.get(), frames.data(), frames.size()), static_cast<ssize_t>(frames.size()));
  }
  void say(task_frame kind) {
    byte_buffer frame;
    append_frame(frame, kind);
    send(frame);
  }
  void start(const std::vector<supervised_task>& tasks) {
    byte_buffer frames;
    for (const supervised_task& task : tasks) append_frame(frames, task_frame::start, task);
    send(frames);
  }
  static supervised_task task_of(std::uint64_t id, const std::string& command) {
    supervised_task task;
    task.id = id;
    task.command = command;
    return task;
  }
  /// The next `count` reports, by task; fewer when they do not come in time.
  std::map<std::uint64_t, supervised_end> ends(std::size_t count) {
    std::map<std::uint64_t, supervised_end> got;
    while (got.size() < count) {
      pollfd readable{from.get(), POLLIN, 0};
      char piece[4096];
      if (::poll(&readable, 1, 10'000) != 1) break;
      const ssize_t n = ::read(from.get(), piece, sizeof piece);
      if (n <= 0) break;
      parser.feed(std::as_bytes(std::span(piece, static_cast<std::size_t>(n))));
      std::span<const std::byte> content;
      while (parser.next(content)) {
        const auto end = decode_frame<supervised_end>(content);
        got[end.id] = end;
      }
    }
    EXPECT_EQ(got.size(), count);
    return got;
  }
  std::string text(const std::string& name) const {
    std::ifstream in(folder.path() + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string file(const std::string& name) const { return folder.path() + "/" + name; }
  bool appears(const std::string& name) const {
    for (int i = 0; i < 1000; ++i) {
      if (!text(name).empty()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  testing::scratch_directory folder;
  std::string lock_file;
  pid_t pid = -1;
  file_descriptor to;
  file_descriptor from;
  frame_parser parser;
};

TEST_F(task_supervisor_test, runs_tasks_and_says_how_they_ended) {
  begin(1);
  start({task_of(1, "echo out; echo err >&2"), task_of(2, "exit 3"), task_of(3, "kill -9 $$")});
  auto end = ends(3);
  EXPECT_EQ(end[1].exit_code, 0);
  EXPECT_EQ(end[2].exit_code, 3);
  EXPECT_EQ(end[3].exit_code, -1);
  EXPECT_EQ(end[3].signal, SIGKILL);
  for (const auto& [id, one] : end) {
    EXPECT_EQ(one.outcome, task_outcome::ended);
    EXPECT_GT(one.length, 0);
    EXPECT_GT(one.start, 0);
    EXPECT_GT(one.memory, 0U);
  }
  EXPECT_EQ(finish(), 0);
  EXPECT_NE(text("node.log").find("out\n"), std::string::npos);
  EXPECT_NE(text("node.log").find("err\n"), std::string::npos);
  EXPECT_EQ(text("node.index").substr(0, 4), "1 1 ");
}

TEST_F(task_supervisor_test, tells_a_task_what_it_is) {
  begin(2);
  supervised_task task = task_of(7, "echo $WEFT_TASK_ID $WEFT_TASK_ATTEMPT $WEFT_TASK_RANK $WEFT_TASK_SLOT $MINE; pwd");
  task.attempt = 2;
  task.directory = folder.path();
  task.variables = {"MINE=x y"};
  start({task});
  EXPECT_EQ(ends(1)[7].attempt, 2U);
  finish();
  EXPECT_NE(text("node.log").find("7 2 3 0 x y\n" + folder.path()), std::string::npos) << text("node.log");
}

TEST_F(task_supervisor_test, runs_as_many_as_there_are_slots) {
  begin(2);
  const std::string command = "echo + >> " + file("log") + "; sleep 0.1; echo - >> " + file("log");
  supervised_task wide = task_of(4, command);
  wide.cores = 2;
  start({task_of(1, command), task_of(2, command), task_of(3, command), wide});
  auto end = ends(4);
  int now = 0;
  int most = 0;
  for (const char c : text("log")) {
    now += c == '+' ? 1 : c == '-' ? -1 : 0;
    most = std::max(most, now);
  }
  EXPECT_EQ(most, 2);
  EXPECT_GE(end[4].start, end[3].start + end[3].length - 20'000'000) << "the wide one had both slots to itself";
}

TEST_F(task_supervisor_test, a_task_whose_time_is_over_is_ended) {
  begin(1);
  supervised_task task = task_of(1, "sleep 300");
  task.time_limit = 100'000'000;
  start({task});
  const supervised_end end = ends(1)[1];
  EXPECT_EQ(end.outcome, task_outcome::timed_out);
  EXPECT_EQ(end.signal, SIGTERM);
  EXPECT_GE(end.length, 100'000'000);
}

TEST_F(task_supervisor_test, gives_back_what_has_not_begun) {
  begin(1);
  start({task_of(1, "echo 1 > " + file("begun") + "; while ! [ -e " + file("go") + " ]; do sleep 0.01; done"),
         task_of(2, "true"), task_of(3, "true")});
  ASSERT_TRUE(appears("begun"));
  say(task_frame::give_back);
  auto end = ends(2);
  EXPECT_EQ(end[2].outcome, task_outcome::unstarted);
  EXPECT_EQ(end[3].outcome, task_outcome::unstarted);
  std::ofstream(file("go")) << "go";
  EXPECT_EQ(ends(1)[1].outcome, task_outcome::ended);
}

TEST_F(task_supervisor_test, stopping_ends_what_runs_and_blames_nobody) {
  begin(2);
  start({task_of(1, "echo 1 > " + file("begun") + "; sleep 300 & wait"), task_of(2, "trap '' TERM; sleep 300"),
         task_of(3, "true")});
  ASSERT_TRUE(appears("begun"));
  const auto before = std::chrono::steady_clock::now();
  say(task_frame::stop);
  auto end = ends(3);
  EXPECT_EQ(end[1].outcome, task_outcome::stopped);
  EXPECT_EQ(end[2].outcome, task_outcome::stopped);
  EXPECT_EQ(end[3].outcome, task_outcome::unstarted);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

/// A batch system may signal a task before its rank.
TEST_F(task_supervisor_test, a_task_that_a_signal_ended_is_in_doubt_for_a_moment) {
  begin(2);
  start({task_of(1, "kill -USR1 $$")});
  std::this_thread::sleep_for(50ms);
  say(task_frame::stopping);
  EXPECT_EQ(ends(1)[1].outcome, task_outcome::stopped);
}

TEST_F(task_supervisor_test, a_signal_of_its_own_is_its_end) {
  begin(2);
  start({task_of(1, "kill -USR1 $$")});
  const supervised_end end = ends(1)[1];
  EXPECT_EQ(end.outcome, task_outcome::ended);
  EXPECT_EQ(end.signal, SIGUSR1);
}

TEST_F(task_supervisor_test, what_cannot_be_started_says_why) {
  begin(1);
  supervised_task task = task_of(1, "true");
  task.directory = "/nowhere";
  start({task});
  EXPECT_EQ(ends(1)[1].exit_code, 126);
  finish();
  EXPECT_NE(text("node.log").find("/nowhere"), std::string::npos);
}

TEST_F(task_supervisor_test, all_processes_end_with_the_rank) {
  begin(1);
  start({task_of(1, "setsid sh -c 'trap \"\" TERM HUP; echo $$ > " + file("far") + "; sleep 300; :' & sleep 300")});
  ASSERT_TRUE(appears("far"));
  const pid_t far = static_cast<pid_t>(std::stol(text("far")));
  EXPECT_EQ(::kill(far, 0), 0);
  EXPECT_EQ(finish(), 0);
  EXPECT_NE(::kill(far, 0), 0) << "the supervisor has reaped it";
}

TEST_F(task_supervisor_test, holds_its_lock_as_long_as_tasks_may_run) {
  lock_file = file("lock");
  const file_descriptor lock(::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  struct flock alone {};
  alone.l_type = F_WRLCK;
  alone.l_whence = SEEK_SET;
  begin(1);
  start({task_of(1, "true")});
  ends(1);
  EXPECT_EQ(::fcntl(lock.get(), F_OFD_SETLK, &alone), -1);
  EXPECT_EQ(finish(), 0);
  EXPECT_EQ(::fcntl(lock.get(), F_OFD_SETLK, &alone), 0);
}

TEST_F(task_supervisor_test, no_signal_but_sigkill_ends_it) {
  begin(1);
  start({task_of(1, "true")});
  ends(1);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT}) ::kill(pid, signal);
  start({task_of(2, "true")});
  EXPECT_EQ(ends(1)[2].exit_code, 0);
}

}  // namespace
}  // namespace weft::posix
