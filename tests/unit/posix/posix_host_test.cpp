// SPDX-License-Identifier: BSL-1.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>
#include <weft/core/error.hpp>
#include <weft/posix/posix_host.hpp>

#include "support/scratch_directory.hpp"

namespace weft::posix {
namespace {

using namespace std::chrono_literals;

struct ended {
  host_event exit;
  std::string out, err;
};

/// Polls until all of `count` children have ended (10 s at most), sleeping on wait_fd in between.
std::map<child_id, ended> run_until_ended(posix_host& host, std::size_t count, std::size_t batch = 16) {
  std::map<child_id, ended> all;
  std::vector<host_event> events(batch);
  std::size_t exits = 0;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (exits < count && std::chrono::steady_clock::now() < deadline) {
    const std::size_t n = host.poll(events);
    for (std::size_t i = 0; i < n; ++i) {
      const host_event& e = events[i];
      ended& child = all[e.child];
      const std::string_view text(reinterpret_cast<const char*>(e.data.data()), e.data.size());
      if (e.what == host_event::kind::child_output) (e.stream == output_stream::out ? child.out : child.err) += text;
      if (e.what == host_event::kind::child_exit) child.exit = e, ++exits;
    }
    pollfd waiting{host.wait_fd(), POLLIN, 0};
    if (n == 0) ::poll(&waiting, 1, 20);
  }
  EXPECT_EQ(exits, count);
  return all;
}

ended run(posix_host& host, const child_program& program, std::size_t batch = 16) {
  const child_id id = host.start(program, nullptr);
  return run_until_ended(host, 1, batch)[id];
}

child_program shell(const std::string& script) {
  child_program program;
  program.argv = {"sh", "-c", script};
  return program;
}

bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds time = 5s) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

std::string content(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool alive(pid_t pid) {
  const std::string stat = content("/proc/" + std::to_string(pid) + "/stat");
  const auto after_name = stat.rfind(") ");
  return after_name != std::string::npos && stat[after_name + 2] != 'Z';
}

class posix_host_test : public ::testing::Test {
 protected:
  const weft::testing::scratch_directory scratch_;
  const std::string& directory_ = scratch_.path();
  posix_host host_;
};

TEST_F(posix_host_test, exit_code_output_and_token) {
  int mark = 0;
  const child_id id = host_.start(shell("echo out; echo err >&2; exit 7"), &mark);
  const auto child = run_until_ended(host_, 1)[id];
  EXPECT_EQ(child.exit.exit_code, 7);
  EXPECT_EQ(child.exit.signal, 0);
  EXPECT_EQ(child.exit.token, &mark);
  EXPECT_EQ(child.out, "out\n");
  EXPECT_EQ(child.err, "err\n");
  EXPECT_FALSE(host_.watching());
  EXPECT_FALSE(host_.kill(id, SIGTERM));
}

TEST_F(posix_host_test, death_by_signal) {
  const auto child = run(host_, shell("kill -9 $$"));
  EXPECT_EQ(child.exit.exit_code, -1);
  EXPECT_EQ(child.exit.signal, SIGKILL);
}

TEST_F(posix_host_test, ten_megabytes_by_events_also_one_event_at_a_time) {
  for (const std::size_t batch : {16U, 1U}) {
    const auto child = run(host_, shell("head -c 10000000 /dev/zero | tr '\\0' x; echo end >&2"), batch);
    EXPECT_EQ(child.exit.exit_code, 0);
    EXPECT_EQ(child.out.size(), 10'000'000U);
    EXPECT_EQ(child.out.find_first_not_of('x'), std::string::npos);
    EXPECT_EQ(child.err, "end\n");
  }
}

TEST_F(posix_host_test, ten_megabytes_to_files) {
  auto program = shell("head -c 10000000 /dev/zero; echo err >&2");
  program.output_file = directory_ + "/out";
  program.error_file = directory_ + "/err";
  const auto child = run(host_, program);
  EXPECT_EQ(child.out + child.err, "");
  EXPECT_EQ(content(directory_ + "/out").size(), 10'000'000U);
  EXPECT_EQ(content(directory_ + "/err"), "err\n");
}

TEST_F(posix_host_test, both_streams_in_one_file_keep_their_order) {
  auto program = shell("echo 1; echo 2 >&2; echo 3");
  program.output_file = program.error_file = directory_ + "/both";
  run(host_, program);
  EXPECT_EQ(content(directory_ + "/both"), "1\n2\n3\n");
}

TEST_F(posix_host_test, many_children_at_once) {
  std::map<child_id, int> codes;
  for (int i = 0; i < 40; ++i)
    codes[host_.start(shell("echo " + std::to_string(i) + "; exit " + std::to_string(i)), nullptr)] = i;
  const auto all = run_until_ended(host_, 40);
  ASSERT_EQ(all.size(), 40U);
  for (const auto& entry : all) {
    EXPECT_EQ(entry.second.exit.exit_code, codes[entry.first]);
    EXPECT_EQ(entry.second.out, std::to_string(codes[entry.first]) + "\n");
  }
}

TEST_F(posix_host_test, works_without_pidfd) {
  posix_host old({.use_pidfd = false});
  const auto child = run(old, shell("echo text; exit 3"));
  EXPECT_EQ(child.exit.exit_code, 3);
  EXPECT_EQ(child.out, "text\n");
}

TEST_F(posix_host_test, kill_reaches_the_whole_group) {
  const child_id id = host_.start(shell("sleep 100 & echo $!; sleep 100"), nullptr);
  std::array<host_event, 4> events;
  std::string text;
  ASSERT_TRUE(wait_until([&] {
    const std::size_t n = host_.poll(events);
    if (n > 0) text.assign(reinterpret_cast<const char*>(events[0].data.data()), events[0].data.size());
    return n > 0;
  }));
  const pid_t grandchild = std::stoi(text);
  EXPECT_TRUE(alive(grandchild));
  EXPECT_TRUE(host_.kill(id, SIGTERM));
  EXPECT_EQ(run_until_ended(host_, 1)[id].exit.signal, SIGTERM);
  EXPECT_TRUE(wait_until([&] { return !alive(grandchild); }));
}

TEST_F(posix_host_test, abandoned_children_are_killed_and_reaped_without_an_event) {
  const auto no_child_left = [] { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; };
  {
    posix_host host;
    const child_id id = host.start(shell("trap '' TERM; sleep 100 & wait"), nullptr);
    host.abandon(id);
    host.abandon(id);
    EXPECT_FALSE(host.kill(id, SIGTERM));
    EXPECT_FALSE(host.watching());
    const auto other = run(host, shell("exit 2"));
    EXPECT_EQ(other.exit.exit_code, 2);
    host.abandon(host.start(shell("sleep 100"), nullptr));
  }
  EXPECT_TRUE(no_child_left());
}

TEST_F(posix_host_test, what_a_task_leaves_behind_ends_with_it) {
  const auto child = run(host_, shell("sleep 100 & echo $!"));  // the sleeper holds the pipe open
  EXPECT_EQ(child.exit.exit_code, 0);
  EXPECT_TRUE(wait_until([&] { return !alive(std::stoi(child.out)); }));
}

TEST_F(posix_host_test, exit_is_reported_though_a_stranger_holds_the_pipe) {
  const auto child = run(host_, shell("setsid sh -c 'while :; do echo noise; done' & sleep 0.1; echo $!"));
  EXPECT_EQ(child.exit.exit_code, 0);
  // The stranger left the group by intention; it dies of SIGPIPE when the pipe is closed.
  const pid_t stranger = std::stoi(child.out.substr(child.out.find_first_of("0123456789")));
  EXPECT_TRUE(wait_until([&] { return !alive(stranger); }));
}

TEST_F(posix_host_test, destruction_leaves_no_orphans_even_stubborn_or_stopped_ones) {
  const std::string file = directory_ + "/pids";
  const auto begin = std::chrono::steady_clock::now();
  {
    posix_host host({.grace = 200ms});
    host.start(shell("trap '' TERM; (trap '' TERM; while :; do sleep 0.1; done) & echo $! $$ >>" + file + "; wait"),
               nullptr);
    host.start(shell("kill -STOP $$"), nullptr);
    host.start(shell("sleep 100 & echo $! $$ >>" + file + "; sleep 100"), nullptr);
    ASSERT_TRUE(wait_until([&] {
      const std::string text = content(file);
      return std::count(text.begin(), text.end(), '\n') == 2;
    }));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  std::istringstream pids(content(file));
  int count = 0;
  for (pid_t pid = 0; pids >> pid; ++count) EXPECT_TRUE(wait_until([&] { return !alive(pid); })) << pid;
  EXPECT_EQ(count, 4);
}

TEST_F(posix_host_test, sigchld_handler_of_others_stays_and_is_not_needed) {
  struct sigaction ignore {
  }, before{}, after{};
  ignore.sa_handler = [](int) {};
  ::sigaction(SIGCHLD, &ignore, &before);
  EXPECT_EQ(run(host_, shell("exit 4")).exit.exit_code, 4);
  ::sigaction(SIGCHLD, &before, &after);
  EXPECT_EQ(after.sa_handler, ignore.sa_handler);
}

TEST_F(posix_host_test, child_reaped_by_others_is_reported_as_unknown) {
  const child_id id = host_.start(shell("exit 4"), nullptr);
  ASSERT_GT(::waitpid(-1, nullptr, 0), 0);
  const auto child = run_until_ended(host_, 1)[id];
  EXPECT_EQ(child.exit.exit_code, -1);
  EXPECT_EQ(child.exit.signal, 0);
}

TEST_F(posix_host_test, signals_become_events_and_the_old_action_comes_back) {
  static std::atomic<int> old_action_ran{0};
  struct sigaction old {
  }, before{};
  old.sa_handler = [](int) { ++old_action_ran; };
  ::sigaction(SIGUSR1, &old, &before);
  int mark = 0;
  host_.watch_signal(SIGUSR1, &mark);
  host_.watch_signal(SIGUSR2, nullptr);
  EXPECT_TRUE(host_.watching());
  ::raise(SIGUSR1);
  ::raise(SIGUSR2);
  ::raise(SIGUSR1);  // signals are not counted
  std::array<host_event, 1> event;
  std::multiset<int> seen;
  while (host_.poll(event) == 1) {
    EXPECT_EQ(event[0].what, host_event::kind::signal);
    EXPECT_EQ(event[0].token, event[0].signal == SIGUSR1 ? &mark : nullptr);
    seen.insert(event[0].signal);
  }
  EXPECT_EQ(seen, (std::multiset<int>{SIGUSR1, SIGUSR2}));
  EXPECT_EQ(old_action_ran, 0);
  host_.unwatch_signal(SIGUSR1);
  host_.unwatch_signal(SIGUSR2);
  EXPECT_FALSE(host_.watching());
  ::raise(SIGUSR1);
  EXPECT_EQ(old_action_ran, 1);
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(posix_host_test, signal_ends_a_sleep) {
  host_.watch_signal(SIGUSR1, nullptr);
  pollfd waiting{host_.wait_fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&waiting, 1, 0), 0);
  ::raise(SIGUSR1);
  EXPECT_EQ(::poll(&waiting, 1, 0), 1);
}

TEST_F(posix_host_test, descriptors_are_watched_for_what_was_asked) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  int in = 0, out = 0;
  std::array<host_event, 4> events;
  host_.watch_descriptor(ends[0], true, false, &in);
  EXPECT_EQ(host_.poll(events), 0U);
  host_.watch_descriptor(ends[1], false, true, &out);
  ASSERT_EQ(host_.poll(events), 1U);
  EXPECT_EQ(events[0].what, host_event::kind::writable);
  EXPECT_EQ(events[0].token, &out);
  host_.unwatch_descriptor(ends[1]);
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  ASSERT_EQ(host_.poll(events), 1U);
  EXPECT_EQ(events[0].what, host_event::kind::readable);
  EXPECT_EQ(events[0].descriptor, ends[0]);
  host_.watch_descriptor(ends[0], true, false, &out);  // again: only the token changes
  ASSERT_EQ(host_.poll(events), 1U);
  EXPECT_EQ(events[0].token, &out);
  host_.unwatch_descriptor(ends[0]);
  host_.unwatch_descriptor(ends[0]);
  EXPECT_EQ(host_.poll(events), 0U);
  EXPECT_FALSE(host_.watching());
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_THROW(host_.watch_descriptor(ends[0], true, false, nullptr), world_error);
}

TEST_F(posix_host_test, wake_before_and_during_a_sleep) {
  pollfd waiting{host_.wait_fd(), POLLIN, 0};
  host_.wake();
  EXPECT_FALSE(host_.prepare_sleep());
  host_.clear_wake();
  EXPECT_TRUE(host_.prepare_sleep());
  EXPECT_EQ(::poll(&waiting, 1, 0), 0);
  host_.wake();
  host_.wake();
  EXPECT_EQ(::poll(&waiting, 1, 0), 1);
  EXPECT_FALSE(host_.prepare_sleep());
  host_.clear_wake();
  EXPECT_EQ(::poll(&waiting, 1, 0), 0);
  EXPECT_TRUE(host_.prepare_sleep());
  host_.clear_wake();
}

TEST_F(posix_host_test, no_wake_is_lost_in_a_race) {
  constexpr int per_thread = 20'000;
  std::atomic<int> posted{0};
  const auto post = [&] {
    for (int i = 0; i < per_thread; ++i) {
      posted.fetch_add(1, std::memory_order_release);
      host_.wake();
      if (i % 64 == 0) std::this_thread::yield();
    }
  };
  std::thread first(post), second(post);
  int taken = 0, late = 0;
  while (taken < 2 * per_thread) {
    taken += posted.exchange(0, std::memory_order_acquire);
    if (taken == 2 * per_thread) break;
    if (host_.prepare_sleep() && posted.load(std::memory_order_acquire) == 0) {
      pollfd waiting{host_.wait_fd(), POLLIN, 0};
      if (::poll(&waiting, 1, 5000) == 0) ++late;
    }
    host_.clear_wake();
  }
  first.join();
  second.join();
  EXPECT_EQ(late, 0);
  // Every announced write is accounted for: the descriptor falls silent.
  host_.clear_wake();
  ASSERT_TRUE(host_.prepare_sleep());
  host_.clear_wake();
  pollfd waiting{host_.wait_fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&waiting, 1, 0), 0);
}

TEST_F(posix_host_test, variables) {
  ::setenv("WEFT_HOST_TEST_B", "2", 1);
  ::setenv("WEFT_HOST_TEST_A", "", 1);
  EXPECT_EQ(host_.variable("WEFT_HOST_TEST_B"), "2");
  EXPECT_EQ(host_.variable("WEFT_HOST_TEST_A"), "");
  EXPECT_EQ(host_.variable("WEFT_HOST_TEST_C"), std::nullopt);
  EXPECT_EQ(host_.variable_names("WEFT_HOST_TEST_"),
            (std::vector<std::string>{"WEFT_HOST_TEST_A", "WEFT_HOST_TEST_B"}));
}

TEST_F(posix_host_test, facts_and_entropy) {
  EXPECT_GE(host_.cpus().usable, 1);
  EXPECT_FALSE(host_.node().name.empty());
  EXPECT_EQ(host_.node().process_id, ::getpid());
  EXPECT_GT(host_.node().memory_bytes, 1U << 20);
  std::array<std::byte, 64> a{}, b{};
  host_.entropy(a);
  host_.entropy(b);
  EXPECT_NE(a, b);
}

TEST_F(posix_host_test, write_is_whole_also_into_a_nonblocking_pipe) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const int saved = ::dup(STDOUT_FILENO);
  ::fflush(stdout);
  ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
  ::dup2(ends[1], STDOUT_FILENO);
  const std::string text(300'000, 'y');
  std::string got;
  std::thread reader([&] {
    std::vector<char> buffer(10'000);
    while (got.size() < text.size()) {
      const auto n = ::read(ends[0], buffer.data(), buffer.size());
      if (n <= 0) break;
      got.append(buffer.data(), static_cast<std::size_t>(n));
    }
  });
  EXPECT_FALSE(host_.is_terminal(output_stream::out));
  host_.write(output_stream::out, text);
  ::dup2(saved, STDOUT_FILENO);
  ::close(ends[1]);
  reader.join();
  EXPECT_EQ(got, text);
  ::close(ends[0]);
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ::dup2(full, STDOUT_FILENO);
  EXPECT_THROW(host_.write(output_stream::out, "x"), world_error);
  ::dup2(saved, STDOUT_FILENO);
  ::close(full);
  ::close(saved);
}

}  // namespace
}  // namespace weft::posix
