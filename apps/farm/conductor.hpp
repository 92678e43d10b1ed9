// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <weft/async/event.hpp>
#include <weft/async/scope.hpp>
#include <weft/async/task.hpp>
#include <weft/port/context.hpp>
#include <weft/posix/task_protocol.hpp>

#include "batch_options.hpp"
#include "dispatcher.hpp"
#include "ledger.hpp"
#include "progress.hpp"
#include "results_writer.hpp"
#include "summary.hpp"

namespace weft::farm {

/// What rank 0 tells all ranks.
enum class order : std::uint8_t {
  give_back,  ///< what has not begun
  hold_on,    ///< the same, and a signal has come: tasks that die of one now are not to blame
  stop,       ///< the same, and end what runs
  leave,      ///< the batch is over
};

/// The ranks, as rank 0 sees them.
class crew {
 public:
  virtual void give(int rank, std::vector<posix::supervised_task> tasks) = 0;
  virtual void tell(int rank, order what) = 0;

 protected:
  ~crew() = default;
};

/// What rank 0 brings to a batch.
struct batch_input {
  std::vector<task> tasks;
  std::unique_ptr<ledger> book;
  std::unique_ptr<results_writer> results;
};

/// Rank 0's part of a batch: hands tasks out, takes their ends in, keeps the book, tells of it all.
class conductor {
 public:
  conductor(context& ctx, batch_input& input, const batch_options& options, crew& ranks);

  /// To the end: every task is over, or the batch was stopped and nothing runs any more; all of it is in the book.
  weft::task<> run();
  /// Ends of attempts on a rank.
  void take(int rank, const std::vector<posix::supervised_end>& ends) noexcept;
  /// A signal has come to some rank.
  void stop(int signal);
  batch_report report();

 private:
  struct waiting_result {
    journal_position end = 0;
    task_result result;
  };
  double elapsed() const;
  std::uint32_t place_of(std::uint64_t id) const;
  void restore();
  void take_one(int rank, const posix::supervised_end& end);
  void record(std::uint32_t task, const dispatcher::decision& what);
  void record_nothing(std::uint32_t task);
  void decide(const std::vector<dispatcher::decision>& decisions);
  void hand_out();
  void release_results();
  void flush_results();
  weft::task<> keep_house();
  weft::task<> keep_book();
  void look_at_the_clock();
  void wind_down(stop_reason why);
  void tell_all(order what);
  posix::supervised_task message_of(const dispatcher::lease& lease) const;
  task_result result_of(std::uint32_t task, const ended_record& ended) const;
  duration limit_of(std::uint32_t task) const;

  context& ctx_;
  loop& on_;
  const std::vector<task>& tasks_;
  batch_options options_;
  crew& crew_;
  ledger& book_;
  results_writer& results_;
  dispatcher dispatch_;
  tally counts_;
  progress progress_;
  time_point start_;
  time_point allocation_end_ = never;
  time_point stop_at_ = never;  ///< when what runs has had its time
  stop_reason reason_ = stop_reason::none;
  int signal_ = 0;
  bool was_stopped_hard_ = false;
  std::unordered_map<std::uint32_t, ended_record> undecided_;  ///< ends of which it is not known what they are worth
  std::deque<waiting_result> waiting_;                         ///< for the book to be certain of them
  std::vector<double> longest_;                                ///< seconds of late, a ring
  std::size_t next_longest_ = 0;
  async_event finished_;
  scope helpers_;
};

}  // namespace weft::farm
