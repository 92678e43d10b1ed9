// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <weft/async/event.hpp>
#include <weft/async/loop.hpp>
#include <weft/async/task.hpp>
#include <weft/journal/journal.hpp>

#include "history.hpp"

namespace weft::farm {

/// The book of a batch, on one rank: what is in it for certain has happened, whatever becomes of the job. Without a
/// folder it is kept by nobody, and everything counts as certain at once.
class ledger {
 public:
  ledger(loop& on, durability kept) : on_(on), kept_(kept), appended_(on) {}

  /// Takes the folder over from an earlier run, waiting up to 5 s for its processes to end, and reads what it left.
  /// Throws `journal_damaged`.
  weft::task<> open(const std::string& folder);
  const history& past() const noexcept { return past_; }
  /// Before `begin`: a task that has failed is to be tried anew.
  void forgive(std::uint64_t id) { past_.forgive(id); }
  /// Of `open`, for the other ranks to join.
  const journal_run& run() const { return folder_->run(); }
  /// True if processes of an earlier run still had the folder when the patience with them was over.
  bool predecessor_lives() const { return folder_ && !folder_->predecessor_ended(); }
  /// Throws `fenced` if a later run has taken the folder over.
  void check_not_overtaken();
  /// Lines for the user: what was cut off the journal's end.
  const std::string& warnings() const noexcept { return warnings_; }

  /// Begins this run's own journal with all that `open` has read. From then on records may be written.
  weft::task<> begin();
  template <class T>
  journal_position write(ledger_record type, const T& value) {
    if (!log_) return 0;
    scratch_.clear();
    encode(scratch_, value);
    const journal_position end = log_->append(static_cast<std::uint16_t>(type), scratch_.bytes());
    appended_.set();
    return end;
  }
  /// What was written before this place is certain.
  journal_position certain() const noexcept { return log_ ? log_->durable() : 0; }

  /// Has what is written made certain, some milliseconds' worth at a time, and calls `progressed()` each time. For
  /// ever; throws what the journal throws.
  template <class Progressed>
  weft::task<> keep(Progressed& progressed) {
    while (log_) {
      co_await appended_.wait();
      appended_.reset();
      co_await settle(progressed);
    }
  }
  /// The same until everything is certain.
  template <class Progressed>
  weft::task<> settle(Progressed& progressed) {
    while (log_) {
      const bool more = log_->poll();
      progressed();
      if (!more && log_->durable() >= log_->end()) co_return;
      co_await pause();
    }
  }

 private:
  weft::task<> pause();
  weft::task<> until_ready();

  loop& on_;
  durability kept_;
  async_event appended_;
  std::unique_ptr<journal_folder> folder_;
  std::unique_ptr<journal> log_;
  history past_;
  std::string warnings_;
  byte_buffer scratch_;
};

}  // namespace weft::farm
