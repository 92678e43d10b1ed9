// SPDX-License-Identifier: BSL-1.0
#include "support/mpi_watchdog.hpp"

#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>

namespace weft::test {

namespace {

using clock = std::chrono::steady_clock;

// A signal handler reaches what it prints through globals only.
struct watchdog_state {
  std::mutex mutex;
  std::condition_variable changed;
  std::thread thread;
  pthread_t watched = {};
  clock::time_point deadline = clock::time_point::max();
  bool stopping = false;
  int rank = 0;
  std::string name = "no test";
  std::string texts;
  std::atomic<bool> reported = false;
};

watchdog_state& state() {
  static watchdog_state the_state;
  return the_state;
}

void write_all(const std::string& text) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

/// Runs on the watched thread, inside a signal handler. It allocates, which is not allowed there: the process is about
/// to end with an error, and a report that is lost once in a while is better than none.
void report(const char* why) {
  if (state().reported.exchange(true)) return;
  const std::string head = "rank " + std::to_string(state().rank) + ": " + why + " in " + state().name + "\n";
  write_all(head + state().texts + "rank " + std::to_string(state().rank) + ": stack\n");
  void* frames[64];
  backtrace_symbols_fd(frames, backtrace(frames, 64), STDERR_FILENO);
}

void on_limit(int) {
  report("test took too long");
  _exit(5);
}

void on_terminate(int) {
  report("ended by SIGTERM");
  _exit(1);
}

std::chrono::seconds limit() {
  const char* text = std::getenv("TEST_LIMIT");
  return std::chrono::seconds(text != nullptr ? std::atoi(text) : 55);
}

void watch() {
  watchdog_state& s = state();
  std::unique_lock lock(s.mutex);
  while (!s.stopping) {
    if (s.deadline == clock::time_point::max()) {
      s.changed.wait(lock);
    } else if (s.changed.wait_until(lock, s.deadline) == std::cv_status::timeout && clock::now() >= s.deadline) {
      pthread_kill(s.watched, SIGUSR2);
      s.deadline = clock::time_point::max();
    }
  }
}

void set_deadline(clock::time_point deadline) {
  const std::scoped_lock lock(state().mutex);
  state().deadline = deadline;
  state().changed.notify_all();
}

}  // namespace

void watchdog_start(int rank) {
  state().rank = rank;
  state().watched = pthread_self();
  signal(SIGUSR2, on_limit);
  signal(SIGTERM, on_terminate);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // the new thread takes no signals of the process
  state().thread = std::thread(watch);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void watchdog_stop() {
  {
    const std::scoped_lock lock(state().mutex);
    state().stopping = true;
    state().changed.notify_all();
  }
  state().thread.join();
}

void watchdog_begin_test(const std::string& name) {
  state().name = name;
  set_deadline(clock::now() + limit());
}

void watchdog_add_text(const std::string& text) { state().texts += text; }

std::string watchdog_end_test() {
  set_deadline(clock::time_point::max());
  return std::exchange(state().texts, std::string());
}

}  // namespace weft::test
