// SPDX-License-Identifier: BSL-1.0
#include "conductor.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <exception>
#include <map>
#include <utility>

#include <weft/async/timer.hpp>
#include <weft/core/error.hpp>

#include "ledger_results.hpp"

namespace weft::farm {
namespace {

using namespace std::chrono_literals;

constexpr auto between_looks = 100ms;
constexpr auto margin = 5s;               // between a task's end at the latest and the allocation's
constexpr std::size_t remembered = 1024;  // run times
constexpr double usual_part = 0.95;       // of them that a task's time is taken from

double to_seconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) * 1e-9; }

dispatch_rules rules_of(const batch_options& options, int ranks) {
  dispatch_rules rules;
  rules.ranks = ranks;
  rules.slots = options.slots;
  rules.retries = options.retries;
  rules.time_limit = options.time_limit;
  rules.max_fails = options.max_fails;
  rules.run_dependents = options.run_dependents;
  return rules;
}

}  // namespace

conductor::conductor(context& ctx, batch_input& input, const batch_options& options, crew& ranks)
    : ctx_(ctx),
      on_(ctx.loop()),
      tasks_(input.tasks),
      options_(options),
      crew_(ranks),
      book_(*input.book),
      results_(*input.results),
      dispatch_(input.tasks, rules_of(options, ctx.size())),
      counts_(input.tasks.size()),
      progress_(ctx.host(), ctx.settings().values().progress),
      start_(ctx.loop().now()),
      finished_(ctx.loop()),
      helpers_(ctx.loop()) {
  if (const auto end = ctx.host().allocation_end()) allocation_end_ = *end;
  if (options.time_left > 0s) allocation_end_ = saturating_add(start_, options.time_left);
  restore();
}

double conductor::elapsed() const { return std::chrono::duration<double>(on_.now() - start_).count(); }

std::uint32_t conductor::place_of(std::uint64_t id) const { return static_cast<std::uint32_t>(place_in(tasks_, id)); }

void conductor::restore() {
  const history& past = book_.past();
  for (std::uint32_t i = 0; i < tasks_.size(); ++i) {
    const history::standing task = past.of(tasks_[i].id);
    const task_state state = task.is_done     ? task_state::done
                             : task.is_failed ? task_state::failed
                                              : task_state::blocked;
    dispatch_.restore(i, task.starts, task.failures, state);
  }
  for (const ended_record* end : past.decisions()) counts_.add_earlier(result_of(place_of(end->end.id), *end));
  dispatch_.begin();
}

// --- results ---------------------------------------------------------------------------------------------------------

task_result conductor::result_of(std::uint32_t task, const ended_record& ended) const {
  return make_result(tasks_[task], ended);
}

/// Results that the book is certain of go to the file: so a line there is never taken back.
void conductor::release_results() {
  const journal_position certain = book_.certain();
  while (!waiting_.empty() && waiting_.front().end <= certain) {
    const task_result& result = waiting_.front().result;
    counts_.add(result, elapsed());
    results_.append(result_line(result));
    waiting_.pop_front();
  }
}

void conductor::flush_results() {
  release_results();
  results_.flush();
}

void conductor::record(std::uint32_t task, const dispatcher::decision& what) {
  const auto found = undecided_.find(task);
  if (found == undecided_.end()) return;
  ended_record end = found->second;
  undecided_.erase(found);
  end.worth = what.succeeded ? attempt_worth::done : what.is_final ? attempt_worth::failed : attempt_worth::retried;
  const journal_position place = book_.write(ledger_record::ended, end);
  if (what.is_final) waiting_.push_back({place, result_of(task, end)});
}

void conductor::record_nothing(std::uint32_t task) {
  const auto found = undecided_.find(task);
  if (found == undecided_.end()) return;
  found->second.worth = attempt_worth::nothing;
  book_.write(ledger_record::ended, found->second);
  undecided_.erase(found);
}

void conductor::decide(const std::vector<dispatcher::decision>& decisions) {
  for (const dispatcher::decision& what : decisions) record(what.task, what);
  if (dispatch_.failed_too_often() && reason_ == stop_reason::none) wind_down(stop_reason::too_many_failures);
}

void conductor::take_one(int rank, const posix::supervised_end& end) {
  const std::uint32_t task = place_of(end.id);
  const double seconds = to_seconds(end.length);
  const bool is_lost = end.outcome == posix::task_outcome::unstarted || end.outcome == posix::task_outcome::stopped;
  undecided_[task] = {end, attempt_worth::nothing, rank};
  if (is_lost) {
    record_nothing(task);
    const bool began = end.outcome == posix::task_outcome::stopped;
    decide(dispatch_.ended(task, rank, attempt_end::lost, began ? std::max(seconds, 1e-9) : 0, elapsed()));
    return;
  }
  if (longest_.size() < remembered) longest_.push_back(0);
  longest_[next_longest_++ % remembered] = seconds;
  const bool succeeded = end.exit_code == 0 && end.outcome == posix::task_outcome::ended;
  decide(dispatch_.ended(task, rank, succeeded ? attempt_end::succeeded : attempt_end::failed, seconds, elapsed()));
}

void conductor::take(int rank, const std::vector<posix::supervised_end>& ends) noexcept {
  try {
    for (const posix::supervised_end& end : ends) take_one(rank, end);
    hand_out();
    if (!options_.has_journal) release_results();
    if (dispatch_.finished()) finished_.set();
  } catch (...) {
    on_.fail(std::current_exception());
  }
}

// --- handing out -----------------------------------------------------------------------------------------------------

duration conductor::limit_of(std::uint32_t task) const {
  const duration own = tasks_[task].time_limit;
  return own.count() == task::by_default ? options_.time_limit : own;
}

posix::supervised_task conductor::message_of(const dispatcher::lease& lease) const {
  const task& what = tasks_[lease.task];
  posix::supervised_task message;
  message.id = what.id;
  message.attempt = lease.attempt;
  message.cores = what.cores;
  message.time_limit = limit_of(lease.task).count();
  message.command = what.command;
  message.directory = what.directory;
  message.variables = what.environment;
  return message;
}

void conductor::hand_out() {
  look_at_the_clock();
  std::map<int, std::vector<posix::supervised_task>> given;
  for (const dispatcher::lease& lease : dispatch_.hand_out(elapsed())) {
    record_nothing(lease.task);  // it failed where nothing else succeeded either
    book_.write(ledger_record::lease, lease_record{tasks_[lease.task].id, lease.attempt, lease.rank});
    given[lease.rank].push_back(message_of(lease));
  }
  for (auto& [rank, tasks] : given) crew_.give(rank, std::move(tasks));
}

/// Nothing is begun that cannot end within the allocation. A task without a time limit takes what others took.
void conductor::look_at_the_clock() {
  if (allocation_end_ == never || reason_ != stop_reason::none) return;
  duration needed = options_.time_limit;
  if (needed <= 0s && !longest_.empty()) {
    std::vector<double> sorted = longest_;
    const auto place = static_cast<std::size_t>(usual_part * static_cast<double>(sorted.size() - 1) + 0.5);
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(place), sorted.end());
    needed = std::chrono::duration_cast<duration>(std::chrono::duration<double>(sorted[place]));
  }
  if (on_.now() + needed + margin < allocation_end_) return;
  stop_at_ = allocation_end_ - margin;
  wind_down(stop_reason::allocation_ends);
}

// --- stopping --------------------------------------------------------------------------------------------------------

void conductor::tell_all(order what) {
  for (int rank = 0; rank < ctx_.size(); ++rank) crew_.tell(rank, what);
}

void conductor::wind_down(stop_reason why) {
  if (reason_ == stop_reason::none) reason_ = why;
  dispatch_.stop();
  tell_all(why == stop_reason::signal ? order::hold_on : order::give_back);
}

void conductor::stop(int signal) {
  if (signal_ == 0) signal_ = signal;
  if (reason_ == stop_reason::none || reason_ == stop_reason::signal) wind_down(stop_reason::signal);
  if (signal == SIGUSR1) {
    stop_at_ = std::min(stop_at_, saturating_add(on_.now(), options_.grace));
  } else if (!std::exchange(was_stopped_hard_, true)) {
    tell_all(order::stop);
  }
  if (dispatch_.finished()) finished_.set();
}

weft::task<> conductor::keep_house() {
  periodic_timer often(on_, between_looks);
  for (;;) {
    co_await often.next();
    decide(dispatch_.settle(elapsed()));
    hand_out();
    if (on_.now() >= stop_at_ && !std::exchange(was_stopped_hard_, true)) tell_all(order::stop);
    if (const int rank = dispatch_.hoarder(elapsed()); rank >= 0) crew_.tell(rank, order::give_back);
    flush_results();
    progress_.update(counts_, elapsed());
    if (dispatch_.finished()) finished_.set();
  }
}

weft::task<> conductor::keep_book() {
  auto progressed = [this] { release_results(); };
  co_await book_.keep(progressed);
}

weft::task<> conductor::run() {
  helpers_.spawn(keep_house());
  hand_out();
  if (dispatch_.finished()) finished_.set();
  {
    scope keeping(on_);
    keeping.spawn(keep_book());
    co_await finished_.wait();
  }
  decide(dispatch_.settle(elapsed()));
  helpers_.cancel();
  auto progressed = [this] { release_results(); };
  co_await book_.settle(progressed);
  flush_results();
  results_.keep_name();
  progress_.finish();
}

batch_report conductor::report() {
  batch_report made;
  made.seconds = elapsed();
  made.ranks = ctx_.size();
  made.slots = options_.slots;
  made.signal = signal_;
  made.reason = dispatch_.all_over() ? stop_reason::none : reason_;
  made.skipped = dispatch_.skipped();
  for (int rank = 0; rank < ctx_.size(); ++rank) {
    if (dispatch_.health().is_apart(rank)) made.set_apart.push_back(rank);
  }
  made.counts = std::move(counts_);
  return made;
}

}  // namespace weft::farm
