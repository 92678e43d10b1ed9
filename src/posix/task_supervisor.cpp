// SPDX-License-Identifier: BSL-1.0
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <optional>
#include <vector>
#include <weft/core/error.hpp>
#include <weft/posix/file_descriptor.hpp>
#include <weft/posix/output_log.hpp>
#include <weft/posix/process_tree.hpp>
#include <weft/posix/task_protocol.hpp>
#include <weft/posix/task_start.hpp>
#include <weft/posix/task_supervisor.hpp>

#include "posix/report_pipe.hpp"
#include "posix/task_slots.hpp"

namespace weft::posix {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto stop_grace = 500ms;      // between SIGTERM and SIGKILL when tasks have to end
constexpr auto limit_grace = 5s;        // the same for a task whose time is over
constexpr auto between_starts = 100ms;  // when the system is short of processes or memory
constexpr int most_starts = 300;
constexpr auto doubt_delay = 300ms;  // a batch system signals a rank and its tasks in any order
constexpr auto end_patience = 5s;
constexpr int cannot_start = 126;  // as a shell has it

std::int64_t nanoseconds(steady::duration time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
}

/// Signals by which batch systems and users end a job early.
bool asks_to_end(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGUSR1 || signal == SIGUSR2;
}

bool may_pass(int code) { return code == EAGAIN || code == ENOMEM || code == EMFILE || code == ENFILE; }

struct running_task {
  supervised_end end;
  started_task process;
  std::vector<int> slots;
  task_output output;
  steady::time_point started;
  steady::time_point term_at = steady::time_point::max();
  steady::time_point kill_at = steady::time_point::max();
};

class supervisor {
 public:
  void run() {
    while (!input_ended_) {
      start_what_fits();
      release_doubtful();
      report_if_due();
      wait_for_news();
    }
    kill_all_descendants(end_patience);
  }

 private:
  // --- what the rank says
  void read_input() {
    char piece[64 * 1024];
    const ssize_t got = ::read(STDIN_FILENO, piece, sizeof piece);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got <= 0) {
      input_ended_ = true;
      return;
    }
    frames_.feed(std::as_bytes(std::span(piece, static_cast<std::size_t>(got))));
    std::span<const std::byte> content;
    while (const auto kind = frames_.next(content)) handle(*kind, content);
  }
  void handle(task_frame kind, std::span<const std::byte> content) {
    switch (kind) {
      case task_frame::options:
        return begin(decode_frame<supervisor_options>(content));
      case task_frame::start:
        return waiting_.push_back(decode_frame<supervised_task>(content));
      case task_frame::give_back:
        return give_back();
      case task_frame::stopping:
        return note_stop();
      case task_frame::stop:
        note_stop();
        give_back();
        return end_running();
      case task_frame::ended:
        break;
    }
  }
  void begin(const supervisor_options& options) {
    slots_.reset(options.slots);
    starter_.emplace(options.rank);
    log_.emplace(options.output, options.output_limit);
    if (!options.lock_file.empty()) hold_lock(options.lock_file);
  }
  /// As long as a task may run, the next run of the batch has to wait. A file system without locks does without.
  void hold_lock(const std::string& path) {
    lock_.reset(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!lock_) return;
    struct flock range {};
    range.l_type = F_RDLCK;
    range.l_whence = SEEK_SET;
    for (int i = 0; i < 100 && ::fcntl(lock_.get(), F_OFD_SETLK, &range) != 0; ++i) {
      if (errno != EAGAIN && errno != EACCES && errno != EINTR) return;
      ::usleep(10'000);  // somebody asks just now whether the batch runs
    }
  }
  void give_back() {
    for (const supervised_task& task : waiting_) {
      supervised_end end;
      end.id = task.id;
      end.attempt = task.attempt;
      end.outcome = task_outcome::unstarted;
      report(end);
    }
    waiting_.clear();
    reports_.send();
  }
  void note_stop() {
    stopping_ = true;
    for (supervised_end& end : doubtful_) {
      end.outcome = task_outcome::stopped;
      report(end);
    }
    doubtful_.clear();
    doubts_end_ = steady::time_point::max();
    reports_.send();
  }
  void end_running() {
    for (running_task& task : running_) {
      if (task.end.outcome == task_outcome::ended) task.end.outcome = task_outcome::stopped;
      terminate(task, stop_grace);
    }
  }
  void terminate(running_task& task, steady::duration grace) {
    ::kill(-task.process.pid, SIGTERM);
    ::kill(-task.process.pid, SIGCONT);  // one that is suspended would not notice
    task.term_at = steady::time_point::max();
    task.kill_at = std::min(task.kill_at, steady::now() + grace);
  }

  // --- starting tasks
  void start_what_fits() {
    while (!waiting_.empty() && waiting_.front().cores <= slots_.free() && steady::now() >= next_start_) {
      const supervised_task task = std::move(waiting_.front());
      waiting_.pop_front();
      if (!start(task)) return waiting_.push_front(task);
    }
  }
  /// False when it has to be tried again later.
  bool start(const supervised_task& task) {
    running_task made;
    made.end.id = made.output.task = task.id;
    made.end.attempt = made.output.attempt = task.attempt;
    made.slots = slots_.take(task.cores);
    made.end.slot = made.slots.empty() ? 0 : made.slots.front();
    made.end.start =
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    made.started = steady::now();
    try {
      made.process = starter_->start(task, made.end.slot);
    } catch (const world_error& refused) {
      slots_.release(made.slots);
      if (may_pass(refused.code()) && ++failed_starts_ < most_starts) {
        next_start_ = steady::now() + between_starts;
        return false;
      }
      fail_to_start(made, refused.what());
      return true;
    }
    failed_starts_ = 0;
    if (task.time_limit > 0) made.term_at = made.started + std::chrono::nanoseconds(task.time_limit);
    running_.push_back(std::move(made));
    return true;
  }
  void fail_to_start(running_task& task, const std::string& why) {
    const std::string text = "weft-farm: " + why + "\n";
    log_->write(task.output, output_stream::err, std::as_bytes(std::span(text)));
    log_->finish(task.output);
    task.end.exit_code = cannot_start;
    task.end.length = nanoseconds(steady::now() - task.started);
    report(task.end);
  }

  // --- what tasks write, and their end
  /// Reads what is there, at most `most` bytes. Closes the pipe at its end.
  void read_output(running_task& task, output_stream stream, std::size_t most) {
    file_descriptor& pipe = stream == output_stream::out ? task.process.output : task.process.error;
    while (pipe && most > 0) {
      const ssize_t got = ::read(pipe.get(), buffer_.get(), std::min(most, buffer_bytes));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return pipe.reset();
      const auto piece = std::as_bytes(std::span(buffer_.get(), static_cast<std::size_t>(got)));
      log_->write(task.output, stream, piece);
      most -= piece.size();
    }
  }
  void reap() {
    for (;;) {
      siginfo_t info{};
      if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
      const auto of = [&](const running_task& task) { return task.process.pid == info.si_pid; };
      const auto found = std::find_if(running_.begin(), running_.end(), of);
      if (found != running_.end()) ::kill(-info.si_pid, SIGKILL);  // the zombie still holds the group's number
      int status = 0;
      rusage used{};
      ::wait4(info.si_pid, &status, 0, &used);
      if (found == running_.end()) continue;  // somebody's orphan
      finish(*found, status, used);
      running_.erase(found);
    }
  }
  void finish(running_task& task, int status, const rusage& used) {
    // Somebody who has left the group may hold the pipes and write for ever: what a pipe can hold is the task's.
    read_output(task, output_stream::out, pipe_bytes);
    read_output(task, output_stream::err, pipe_bytes);
    log_->finish(task.output);
    slots_.release(task.slots);
    supervised_end& end = task.end;
    if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    end.length = nanoseconds(steady::now() - task.started);
    const auto of = [](const timeval& time) { return time.tv_sec * 1'000'000'000LL + time.tv_usec * 1'000LL; };
    end.processor = of(used.ru_utime) + of(used.ru_stime);
    end.memory = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
    const bool was_stopped = end.outcome == task_outcome::stopped;
    if (was_stopped && end.exit_code == 0) end.outcome = task_outcome::ended;  // it was done before
    const bool is_signalled = asks_to_end(end.signal) || (end.exit_code > 128 && asks_to_end(end.exit_code - 128));
    if (end.outcome != task_outcome::ended || !is_signalled) return report(end);
    if (stopping_) {
      end.outcome = task_outcome::stopped;
      return report(end);
    }
    doubtful_.push_back(end);
    if (doubtful_.size() == 1) doubts_end_ = steady::now() + doubt_delay;
  }
  void release_doubtful() {
    if (doubtful_.empty() || steady::now() < doubts_end_) return;
    for (const supervised_end& end : doubtful_) report(end);
    doubtful_.clear();
    doubts_end_ = steady::time_point::max();
  }
  void end_overdue() {
    const auto now = steady::now();
    for (running_task& task : running_) {
      if (now >= task.kill_at) {
        kill_tree(task.process.pid);
        task.kill_at = steady::time_point::max();
      } else if (now >= task.term_at) {
        task.end.outcome = task_outcome::timed_out;
        terminate(task, limit_grace);
      }
    }
  }

  void report(const supervised_end& end) { reports_.add(end); }
  /// At once when the rank may have to send more; else short tasks' reports go together.
  void report_if_due() { reports_.send_if_due(static_cast<int>(waiting_.size()) < slots_.size()); }

  // --- waiting
  void wait_for_news() {
    polled_.clear();
    polled_.push_back({STDIN_FILENO, POLLIN, 0});
    polled_.push_back({children_.get(), POLLIN, 0});
    polled_.push_back({reports_.is_blocked() ? STDOUT_FILENO : -1, POLLOUT, 0});
    for (const running_task& task : running_) {
      polled_.push_back({task.process.output.get(), POLLIN, 0});
      polled_.push_back({task.process.error.get(), POLLIN, 0});
    }
    const auto left = std::chrono::nanoseconds(next_time() - steady::now());
    timespec wait{};
    if (left > 0ns) {
      wait.tv_sec = left / 1s;
      wait.tv_nsec = (left % 1s).count();
    }
    const bool for_ever = next_time() == steady::time_point::max();
    if (::ppoll(polled_.data(), polled_.size(), for_ever ? nullptr : &wait, nullptr) > 0) handle_news();
    end_overdue();
  }
  void handle_news() {
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if (polled_[3 + 2 * i].revents != 0) read_output(running_[i], output_stream::out, buffer_bytes);
      if (polled_[4 + 2 * i].revents != 0) read_output(running_[i], output_stream::err, buffer_bytes);
    }
    if (polled_[1].revents != 0) {
      signalfd_siginfo news[8];
      [[maybe_unused]] const ssize_t got = ::read(children_.get(), news, sizeof news);  // it cannot have more
      reap();
    }
    if (polled_[2].revents != 0) reports_.send();
    if (polled_[0].revents != 0) read_input();
  }
  steady::time_point next_time() const {
    steady::time_point next = doubts_end_;
    next = std::min(next, reports_.due());
    if (!waiting_.empty() && failed_starts_ > 0) next = std::min(next, next_start_);
    for (const running_task& task : running_) next = std::min({next, task.term_at, task.kill_at});
    return next;
  }

  static file_descriptor watch_children() {
    sigset_t child;
    ::sigemptyset(&child);
    ::sigaddset(&child, SIGCHLD);
    return file_descriptor(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  }

  static constexpr std::size_t buffer_bytes = 64 * 1024;
  static constexpr std::size_t pipe_bytes = 1024 * 1024;

  file_descriptor children_ = watch_children();
  file_descriptor lock_;
  std::optional<task_starter> starter_;
  std::optional<output_log> log_;
  task_slots slots_;
  std::deque<supervised_task> waiting_;
  std::vector<running_task> running_;
  std::vector<supervised_end> doubtful_;  ///< ended by a signal that may have been meant for the whole job
  steady::time_point doubts_end_ = steady::time_point::max();
  steady::time_point next_start_{};
  int failed_starts_ = 0;
  bool stopping_ = false;
  bool input_ended_ = false;
  frame_parser frames_;
  report_pipe reports_;
  std::vector<pollfd> polled_;
  std::unique_ptr<char[]> buffer_ = std::make_unique<char[]>(buffer_bytes);
};

/// Leaves the rank's fate: the signals that it gets, and the kernel's SIGKILL at its end. (`spawn` has given it a group
/// of its own.)
void stand_alone() {
  ::prctl(PR_SET_PDEATHSIG, 0);
  ::prctl(PR_SET_NAME, "weft-farm-tasks");
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  ::fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
  become_subreaper();
}

}  // namespace

int supervise_tasks() noexcept {
  try {
    stand_alone();
    supervisor().run();
    return 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    kill_all_descendants(end_patience);
    return 1;
  }
}

}  // namespace weft::posix
