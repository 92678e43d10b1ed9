// SPDX-License-Identifier: BSL-1.0
#include "batch.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <exception>
#include <optional>
#include <utility>

#include <weft/async/scope.hpp>
#include <weft/async/signal.hpp>
#include <weft/async/timer.hpp>
#include <weft/port/port.hpp>
#include <weft/queue/work_queue.hpp>

#include "progress.hpp"
#include "slot_output.hpp"
#include "task_runner.hpp"

namespace weft::farm {
namespace {

using namespace std::chrono_literals;

constexpr auto between_flushes = 100ms;  // of results that came since
constexpr int root = 0;

double seconds_between(time_point from, time_point to) { return std::chrono::duration<double>(to - from).count(); }

/// Rank 0's part: takes the results in, writes them down, tells of them. On other ranks it has nothing to do.
class collector {
 public:
  collector(context& ctx, batch_input& input)
      : on_(ctx.loop()),
        results_(std::move(input.results)),
        counts_(input.tasks.size()),
        progress_(ctx.host(), ctx.settings().values().progress),
        start_(ctx.loop().now()) {}

  /// A result has come. A disk that takes no results any more ends the job: the rest would run for nothing.
  void take(const task_result& result) noexcept {
    try {
      counts_.add(result, elapsed());
      results_->append(result_line(result));
    } catch (...) {
      on_.fail(std::current_exception());
    }
  }
  weft::task<> keep_house() {
    periodic_timer often(on_, between_flushes);
    for (;;) {
      co_await often.next();
      flush();
      progress_.update(counts_, elapsed());
    }
  }
  void flush() noexcept {
    try {
      results_->flush();
    } catch (...) {
      on_.fail(std::current_exception());
    }
  }
  /// All results are here.
  void finish(batch_report& report) {
    results_->flush();
    progress_.finish();
    report.seconds = elapsed();
    report.counts = std::move(counts_);
  }

 private:
  double elapsed() { return seconds_between(start_, on_.now()); }

  loop& on_;
  std::unique_ptr<results_writer> results_;
  tally counts_;
  progress progress_;
  time_point start_;
};

/// One rank's part of a batch.
class batch_run {
 public:
  batch_run(context& ctx, const results_directory& directory, int slots, batch_input& input)
      : ctx_(ctx),
        directory_(directory),
        slots_(slots),
        collector_(ctx, input),
        runner_(ctx.loop()),
        queue_(ctx, queue_options{.order = take_order::oldest_first}),
        results_(ctx, result_handler{this}, port_options{.name = "farm results"}),
        stops_(ctx, stop_handler{this}, port_options{.name = "farm stop"}),
        terminate_(ctx.loop(), SIGTERM),
        interrupt_(ctx.loop(), SIGINT),
        helpers_(ctx.loop()) {}

  weft::task<batch_report> run(std::vector<task>& tasks) {
    helpers_.spawn(stop_on(terminate_, SIGTERM));
    helpers_.spawn(stop_on(interrupt_, SIGINT));
    if (ctx_.rank() == root) helpers_.spawn(collector_.keep_house());

    for (task& one : tasks) queue_.put(std::move(one));
    tasks.clear();
    tasks.shrink_to_fit();
    queue_.close();
    scope working(ctx_.loop());
    for (int slot = 0; slot < slots_; ++slot) working.spawn(work(slot));
    co_await working.join();
    co_await ctx_.quiescence();  // rank 0 has every result now
    helpers_.cancel();

    batch_report report;
    report.ranks = ctx_.size();
    report.slots = slots_;
    report.signal = stopped_by_;
    if (ctx_.rank() == root) collector_.finish(report);
    co_return report;
  }

 private:
  // Named types: a temporary of a capturing lambda with a destructor must not stand in a co_await expression.
  struct result_handler {
    batch_run* batch;
    void operator()(int, const task_result& result) const { batch->collector_.take(result); }
  };
  struct stop_handler {
    batch_run* batch;
    void operator()(int, int signal) const { batch->stop(signal); }
  };

  /// Takes tasks and runs them, one after the other, until none is left on any rank.
  weft::task<> work(int slot) {
    slot_output output(*ctx_.storage(), directory_, ctx_.rank(), slot);
    for (;;) {
      std::optional<item<task>> next = co_await queue_.get();
      if (!next) co_return;
      if (runner_.stopping()) continue;  // letting go of an item ends it: so the queue drains
      const std::optional<task_result> result = co_await runner_.run(**next, task_place{ctx_.rank(), slot, 1}, output);
      if (result) results_.post(root, *result);
      next->done();
    }
  }

  weft::task<> stop_on(signal_watch& watch, int signal) {
    co_await watch.next();
    for (int rank = 0; rank < ctx_.size(); ++rank) stops_.post(rank, signal);
  }
  void stop(int signal) {
    if (stopped_by_ == 0) stopped_by_ = signal;
    runner_.stop();
    if (ctx_.rank() == root) collector_.flush();
  }

  context& ctx_;
  const results_directory& directory_;
  int slots_;
  int stopped_by_ = 0;
  collector collector_;
  task_runner runner_;
  work_queue<task> queue_;
  port<task_result> results_;
  port<int> stops_;
  signal_watch terminate_;
  signal_watch interrupt_;
  scope helpers_;
};

}  // namespace

weft::task<batch_report> run_batch(context& ctx, const results_directory& directory, int slots, batch_input& input) {
  batch_run batch(ctx, directory, slots, input);
  batch_report report = co_await batch.run(input.tasks);
  co_return report;
}

}  // namespace weft::farm
