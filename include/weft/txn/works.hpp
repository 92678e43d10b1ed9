// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/async/task.hpp>
#include <weft/message/remote_error.hpp>
#include <weft/port/context.hpp>
#include <weft/txn/entries.hpp>
#include <weft/txn/transaction_id.hpp>
#include <weft/txn/user_participant.hpp>

namespace weft::txn {

/// What one transaction has left for one key of a participant: work until it is prepared, then what is to be redone.
struct work_record {
  transaction_id id;
  std::string key;  ///< `key_of_work`
  std::string redo;
};
/// In the order in which they were committed.
struct works_record {
  std::vector<work_record> committed;
};

/// Of a restart.
struct found_work {
  work_record what;
  bool commits = false;
};

/// The participants beside the store, on one rank. Their works stand among a transaction's writes, under keys of their own
/// kind, so they are sent, locked, written down, and dealt to another number of ranks as those are.
class participants {
 public:
  /// `fence`: throws if a later run has come; empty if nothing is kept. Else what is committed is noted until the next
  /// checkpoint.
  participants(context& ctx, std::size_t key_bytes, std::function<void()> fence)
      : ctx_(ctx), key_bytes_(key_bytes), fence_(std::move(fence)) {}

  /// Throws `usage_error` for a name that is there already.
  void add(weft::participant& one);
  bool has_any() const noexcept { return !by_name_.empty(); }
  bool has_work(const entries& writes) const;

  /// Has all works among the writes prepared, and calls `done(failure, writes)` later, with what is to be redone in their
  /// place. Of a transaction that fails, nothing is left prepared.
  using prepared = std::function<void(std::vector<remote_failure>&& failure, entries&& works)>;
  void prepare(const transaction_id& id, const entries& writes, prepared done);
  void commit(const transaction_id& id, const entries& writes);
  void abort(const transaction_id& id, const entries& works);

  // --- restarts and snapshots ----------------------------------------------------------------------------------------
  /// Throws `usage_error` for work of a participant that this program does not have.
  void recover(std::span<const found_work> all);
  /// Afterwards what was committed before it began is not needed any more.
  task<> checkpoint();
  const std::deque<work_record>& committed() const noexcept { return committed_; }

 private:
  weft::participant& of(std::string_view key);
  task<> prepare_all(transaction_id id, entries works, prepared done);
  entries works_of(const entries& writes) const;

  context& ctx_;
  std::size_t key_bytes_;
  std::function<void()> fence_;
  std::map<std::string, weft::participant*, std::less<>> by_name_;
  std::deque<work_record> committed_;  ///< since the last checkpoint
};

}  // namespace weft::txn
