// SPDX-License-Identifier: BSL-1.0
#include "task_runner.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include <weft/async/timer.hpp>
#include <weft/core/error.hpp>

namespace weft::farm {
namespace {

using namespace std::chrono_literals;

constexpr int cannot_start = 126;
constexpr int most_starts = 300;  // half a minute of waiting for processes or memory
constexpr auto between_starts = 100ms;
constexpr auto grace = 500ms;

bool passes_by_itself(int code) { return code == EAGAIN || code == ENOMEM; }

}  // namespace

/// A child that `kill_all` reaches while it runs.
class task_runner::watched {
 public:
  watched(task_runner& by, const child_program& program) : by_(by), child_(by.on_, program) {
    by_.running_.push_back(&child_);
  }
  ~watched() { std::erase(by_.running_, &child_); }
  watched(const watched&) = delete;
  watched& operator=(const watched&) = delete;
  child_process& child() noexcept { return child_; }

 private:
  task_runner& by_;
  child_process child_;
};

weft::task<std::optional<child_status>> task_runner::run_child(const child_program& program, slot_output& output) {
  for (int starts = 1; !stopping_; ++starts) {
    std::optional<watched> started;
    try {
      started.emplace(*this, program);
    } catch (const world_error& refused) {
      if (refused.code() == E2BIG) {
        output.write_error(std::string("weft-farm: ") + refused.what() + "\n");
        co_return child_status{cannot_start, 0, false};
      }
      if (!passes_by_itself(refused.code()) || starts == most_starts) throw;
    }
    if (started) {
      const child_status ended = co_await started->child().wait();
      co_return ended;
    }
    co_await sleep_for(on_, between_starts);
  }
  co_return std::nullopt;
}

weft::task<std::optional<task_result>> task_runner::run(const task& what, task_place where, slot_output& output) {
  output.open();
  const time_point start = on_.now();
  const child_program program =
      task_program(what, where, output.file(output_stream::out), output.file(output_stream::err));
  const std::optional<child_status> ended = co_await run_child(program, output);
  if (!ended || (stopping_ && !ended->succeeded())) co_return std::nullopt;
  task_result result;
  result.id = what.id;
  result.command = what.command;
  result.exit = ended->exit_code;
  result.signal = ended->signal;
  result.seconds = std::chrono::duration<double>(on_.now() - start).count();
  result.rank = where.rank;
  result.attempt = where.attempt;
  output.keep(what.id);
  co_return result;
}

void task_runner::stop() {
  if (std::exchange(stopping_, true)) return;
  kill_all(SIGTERM);
  kill_all(SIGCONT);  // one that is suspended would not notice
  killers_.spawn(kill_later());
}

void task_runner::kill_all(int signal) {
  for (child_process* child : running_) child->kill(signal);
}

weft::task<> task_runner::kill_later() {
  co_await sleep_for(on_, grace);
  kill_all(SIGKILL);
}

}  // namespace weft::farm
