// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <weft/async/task.hpp>
#include <weft/txn/transaction_id.hpp>

namespace weft {

/// The answer of a participant that is asked for its vote.
struct participant_vote {
  bool is_yes = true;
  /// What `commit`, `abort` and `recover` are given, written down with the promise.
  std::string redo;
};

/// Something beside the store that takes part in its transactions: files, a device, a table of the program's own. Derive from
/// it, hand an object of each rank to `store::enlist` before `store::open`, and work to `transaction::enlist`:
///
///     tx.enlist(files, "state", work);       // with the transaction's reads and writes, or not at all
///
/// The key says on which rank: the one that keeps it, as with the store's keys, in each run another one perhaps. It is locked
/// from the vote to the end of the transaction, so of the transactions with work for one key, one after the other is
/// asked, committed or aborted. Work for other keys, and of other participants, goes on meanwhile.
///
/// All functions are called in the loop of that rank.
class participant {
 public:
  virtual ~participant() = default;

  /// Stable over runs: a restart finds it by this. Without zero bytes, another one for each participant of a store.
  virtual std::string_view name() const = 0;
  /// Makes sure that the work can be done whatever happens, without any effect that others see. May wait. An exception is a
  /// no, and arrives where the transaction commits as `remote_error`.
  virtual task<participant_vote> prepare(transaction_id id, std::string key, std::string work) = 0;
  /// Does it. Comes again after a restart, in the same order for each key, unless `checkpoint` has ended since. Must not
  /// throw, other than to end the job.
  virtual void commit(const transaction_id& id, std::string_view key, std::string_view redo) = 0;
  /// Takes back what `prepare` has made ready. Comes after `prepare`, once that has voted yes; may come again.
  virtual void abort(const transaction_id& id, std::string_view key, std::string_view redo) = 0;
  /// After a restart, before anything else: all that was promised, and whose commit no checkpoint covers, in order for each
  /// key. Then `commit` or `abort` of each follow in the same order.
  virtual void recover(const transaction_id& id, std::string_view key, std::string_view redo) = 0;
  /// Ready when everything that was committed before survives what the store is kept over.
  virtual task<> checkpoint() = 0;
};

}  // namespace weft
