// SPDX-License-Identifier: BSL-1.0
#include "simulated_supervisor.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <weft/posix/task_protocol.hpp>

#include "worker.hpp"

namespace weft::farm {
namespace {

using namespace std::chrono_literals;
using posix::supervised_end;
using posix::supervised_task;
using posix::task_frame;
using posix::task_outcome;

// As in the real one.
constexpr duration stop_grace = 500ms;
constexpr duration limit_grace = 5s;
constexpr duration doubt_delay = 300ms;
constexpr duration report_delay = 5ms;
constexpr duration lock_retry = 10ms;
constexpr int lock_tries = 100;
constexpr std::uint64_t longest_notice = 4'000'000;  // ns from the rank's end to that of its tasks

bool asks_to_end(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGUSR1 || signal == SIGUSR2;
}

class simulated_supervisor final : public sim::child_actor {
 public:
  void begin(sim::simulated_process& self) override { self_ = &self; }
  bool survives(sim::simulated_process&, int) override { return true; }

  void on_input(sim::simulated_process&, std::span<const std::byte> piece) override {
    frames_.feed(piece);
    std::span<const std::byte> content;
    while (const auto kind = frames_.next(content)) handle(*kind, content);
    start_what_fits();
    report_if_due();
  }
  void on_input_end(sim::simulated_process&) override {
    is_leaving_ = true;
    call_in(duration(static_cast<std::int64_t>(self_->random().below(longest_notice))), alarm::leave);
  }
  void on_child(sim::simulated_process&, const host_event& event) override {
    if (event.what != host_event::kind::child_exit) return;
    const auto found = running_.find(event.child);
    if (found == running_.end()) return;
    const running_task over = std::move(found->second);
    running_.erase(found);
    finish(over, event);
    start_what_fits();
    report_if_due();
  }
  void on_time(sim::simulated_process&, std::uint64_t what) override {
    const auto task = child_id{static_cast<std::uint32_t>(what)};
    switch (static_cast<alarm>(what >> alarm_shift)) {
      case alarm::leave:
        return self_->exit(0);
      case alarm::lock:
        return hold_lock();
      case alarm::report:
        is_report_due_ = false;
        return send();
      case alarm::doubt:
        return release_doubtful();
      case alarm::limit:
        return end_overdue(task);
      case alarm::kill:
        self_->kill(task, SIGKILL);
        return;
    }
  }

 private:
  enum class alarm : std::uint8_t { leave, lock, report, doubt, limit, kill };
  static constexpr int alarm_shift = 56;
  struct running_task {
    supervised_end end;
    int cores = 1;
    time_point started;
  };

  void call_in(duration after, alarm what, child_id task = child_id::none) {
    self_->call_in(after, static_cast<std::uint64_t>(what) << alarm_shift | static_cast<std::uint32_t>(task));
  }
  void handle(task_frame kind, std::span<const std::byte> content) {
    switch (kind) {
      case task_frame::options:
        options_ = posix::decode_frame<posix::supervisor_options>(content);
        free_ = options_.slots;
        return hold_lock();
      case task_frame::start:
        return waiting_.push_back(posix::decode_frame<supervised_task>(content));
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
  void hold_lock() {
    if (options_.lock_file.empty() || self_->try_lock_shared(options_.lock_file)) return;
    if (++lock_tries_ < lock_tries) call_in(lock_retry, alarm::lock);
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
    send();
  }
  void note_stop() {
    is_stopping_ = true;
    for (supervised_end& end : doubtful_) {
      end.outcome = task_outcome::stopped;
      report(end);
    }
    doubtful_.clear();
    send();
  }
  void end_running() {
    for (auto& [child, task] : running_) {
      if (task.end.outcome == task_outcome::ended) task.end.outcome = task_outcome::stopped;
      call_in(stop_grace, alarm::kill, child);
      self_->kill(child, SIGTERM);
    }
  }
  void end_overdue(child_id child) {
    const auto found = running_.find(child);
    if (found == running_.end() || found->second.end.outcome != task_outcome::ended) return;
    found->second.end.outcome = task_outcome::timed_out;
    call_in(limit_grace, alarm::kill, child);
    self_->kill(child, SIGTERM);
  }

  void start_what_fits() {
    while (!is_leaving_ && !waiting_.empty() && waiting_.front().cores <= free_) {
      const supervised_task task = std::move(waiting_.front());
      waiting_.pop_front();
      start(task);
    }
  }
  void start(const supervised_task& task) {
    child_program shell;
    shell.argv = {"/bin/sh", "-c", task.command};
    shell.directory = task.directory;
    shell.environment = {"WEFT_TASK_ID=" + std::to_string(task.id),
                         "WEFT_TASK_ATTEMPT=" + std::to_string(task.attempt),
                         "WEFT_TASK_RANK=" + std::to_string(options_.rank)};
    shell.environment.insert(shell.environment.end(), task.variables.begin(), task.variables.end());
    running_task made;
    made.end.id = task.id;
    made.end.attempt = task.attempt;
    made.end.start = self_->now().time_since_epoch().count();
    made.started = self_->now();
    made.cores = task.cores;
    free_ -= task.cores;
    const child_id child = self_->start(shell);
    if (task.time_limit > 0) call_in(duration(task.time_limit), alarm::limit, child);
    running_.emplace(child, std::move(made));
  }
  void finish(const running_task& task, const host_event& how) {
    free_ += task.cores;
    supervised_end end = task.end;
    end.exit_code = how.exit_code;
    end.signal = how.signal;
    end.length = (self_->now() - task.started).count();
    end.processor = end.length;
    if (end.outcome == task_outcome::stopped && end.exit_code == 0) end.outcome = task_outcome::ended;
    const bool is_signalled = asks_to_end(end.signal) || (end.exit_code > 128 && asks_to_end(end.exit_code - 128));
    if (end.outcome != task_outcome::ended || !is_signalled) return report(end);
    if (is_stopping_) {
      end.outcome = task_outcome::stopped;
      return report(end);
    }
    doubtful_.push_back(end);
    if (doubtful_.size() == 1) call_in(doubt_delay, alarm::doubt);
  }
  void release_doubtful() {
    for (const supervised_end& end : std::exchange(doubtful_, {})) report(end);
    send();
  }

  void report(const supervised_end& end) { append_frame(reports_, task_frame::ended, end); }
  /// At once when the rank may have to send more; else short tasks' reports go together.
  void report_if_due() {
    if (static_cast<int>(waiting_.size()) < options_.slots) return send();
    if (!reports_.empty() && !std::exchange(is_report_due_, true)) call_in(report_delay, alarm::report);
  }
  void send() {
    const auto bytes = reports_.bytes();
    self_->print(output_stream::out, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    reports_.clear();
  }

  sim::simulated_process* self_ = nullptr;
  posix::supervisor_options options_;
  posix::frame_parser frames_;
  byte_buffer reports_;
  bool is_report_due_ = false;
  std::deque<supervised_task> waiting_;
  std::map<child_id, running_task> running_;
  std::vector<supervised_end> doubtful_;  ///< ended by a signal that may have been meant for the whole job
  int free_ = 1;
  int lock_tries_ = 0;
  bool is_stopping_ = false;
  bool is_leaving_ = false;
};

}  // namespace

sim::child_scripts with_supervisors(sim::child_scripts tasks) {
  return [tasks = std::move(tasks)](const child_program& program, const sim::child_origin& origin) {
    if (program.argv == supervisor_program().argv) {
      sim::child_script supervisor;
      supervisor.actor = std::make_shared<simulated_supervisor>();
      return supervisor;
    }
    return tasks ? tasks(program, origin) : sim::child_script{};
  };
}

}  // namespace weft::farm
