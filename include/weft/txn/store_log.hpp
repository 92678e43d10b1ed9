// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include <weft/async/loop.hpp>
#include <weft/async/task.hpp>
#include <weft/async/timer_queue.hpp>
#include <weft/core/bytes.hpp>
#include <weft/journal/journal.hpp>
#include <weft/journal/reader.hpp>
#include <weft/port/context.hpp>
#include <weft/txn/options.hpp>
#include <weft/txn/records.hpp>
#include <weft/txn/replay.hpp>
#include <weft/txn/wire.hpp>

namespace weft::txn {

/// What a log asks of the store whose records it keeps.
class store_log_owner {
 public:
  /// In the order in which they were appended, that of `append_cells` with `record_kind::none`. Comes while the loop
  /// polls.
  virtual void on_durable(const transaction_id& id, record_kind what, bool of_coordinator) = 0;
  /// Appends everything that a restart needs: data, outcomes, transactions that are under way.
  virtual void write_snapshot(journal& to) = 0;
  /// False: not yet, ask again.
  virtual bool may_compact() = 0;

 protected:
  ~store_log_owner() = default;
};

/// The journal of one rank of a store: starts over what earlier runs left, appends, forces in groups.
///
/// A record that somebody waits for is written in the turn in which the window after it ends (5 microseconds: what the
/// other side sends meanwhile shares the force, 3 % of which it costs), or when the force under way ends; one that
/// nobody waits for goes with the next such record, after a millisecond at the latest.
class store_log final : loop_source, journal_listener {
 public:
  store_log(context& ctx, const store_options& options, store_log_owner& owner);
  ~store_log() override;
  store_log(const store_log&) = delete;
  store_log& operator=(const store_log&) = delete;

  /// Collective. Takes the folder over and reads this rank's share of the journals.
  task<> take_over(replay& past);
  /// Collective. Writes a new journal, which holds the truth from then on.
  task<> begin();
  std::uint32_t epoch() const noexcept { return folder_->run().epoch; }

  void append(const record& head, const entries* redo, bool is_urgent, bool of_coordinator);
  /// Keys that were set without a transaction.
  void append_cells(const entries& cells);
  /// Throws `fenced` if a later run has come.
  void throw_if_overtaken() { folder_->throw_if_overtaken(); }
  /// Nothing can be appended any more: the loop ends, and says why.
  bool failed() const noexcept { return log_ != nullptr && log_->failed(); }
  std::uint64_t forces() const noexcept { return log_ ? log_->forces() : 0; }

  /// For `store_log_owner::write_snapshot`.
  static void write(journal& to, const record& head, const entries* redo);
  static void write_cells(journal& to, const entries& cells);
  static void write_outcomes(journal& to, const outcome_table& all);
  static void write_facts(journal& to, const store_facts& what);
  static void write_works(journal& to, const std::deque<work_record>& committed);
  static void write_heuristic(journal& to, const heuristic_decision& what);

 private:
  static constexpr duration gather = std::chrono::microseconds(5);
  static constexpr duration laziness = std::chrono::milliseconds(1);
  struct place {
    journal_position position;
    transaction_id id;
    record_kind kind;
    bool of_coordinator;
  };
  struct lazy_timer final : timer_node {
    store_log* of = nullptr;
  };

  task<> until_ready();
  bool poll() override;
  void on_durable() noexcept override;
  void compact();
  bool is_due();
  bool poll_journal();

  context& ctx_;
  std::string path_;
  journal_options how_;
  std::uint64_t compact_bytes_;
  std::uint64_t snapshot_bytes_ = 0;  ///< of the last snapshot
  duration predecessors_;
  store_log_owner& owner_;
  std::unique_ptr<journal_folder> folder_;
  std::unique_ptr<journal> log_;
  std::deque<place> waiting_;  ///< for the journal
  lazy_timer timer_;
  time_point urgent_since_ = never;
  bool is_open_ = false;
  bool is_due_ = false;   ///< lazy records have waited long enough
  bool is_busy_ = false;  ///< the journal has more to do
};

}  // namespace weft::txn
