// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include <weft/async/loop.hpp>
#include <weft/async/task.hpp>
#include <weft/port/context.hpp>
#include <weft/txn/outcome.hpp>
#include <weft/txn/store_engine.hpp>
#include <weft/txn/transaction.hpp>

namespace weft {

/// Keys and values, spread over the ranks of a context, read and written by transactions (docs/transactions.md).
///
///     weft::store<int, long> accounts(ctx);
///     co_await accounts.transact([&](auto& tx) -> weft::task<> {   // begun again on conflict
///       long a = co_await tx.at(from), b = co_await tx.at(to);
///       tx.put(from, a - amount);
///       tx.put(to, b + amount);
///     });
///
/// Constructing it is collective in order only (every rank, in the same order as other ports); nothing is sent. Keys
/// and values are anything that `docs/values.md` allows; equal keys must have equal bytes. One loop; must be destroyed
/// before its context, and after its transactions.
template <class Key, class Value>
class store {
 public:
  using key_type = Key;
  using value_type = Value;
  using transaction_type = transaction<Key, Value>;

  explicit store(context& ctx, store_options options = {}) : engine_(ctx, options) {}

  /// Collective. A store that is kept has to be opened, and then holds what earlier jobs have committed, with any
  /// number of ranks. Throws `journal_damaged` if something that had been acknowledged is gone.
  task<> open() { return engine_.open(); }

  /// Runs `body(tx)`, a callable that returns `task<>`, and commits; on conflict all of it again, with the same age, so
  /// that it is the oldest some day and wins. An exception that leaves the body aborts and passes on; so does an end of
  /// its own (`tx.abort()`), which gives the result `aborted`. `with_timeout(store.transact(body), 5ms)` gives up.
  template <safe_callable Body>
  task<transaction_result> transact(Body&& body) {
    return repeat<std::decay_t<Body>>(std::forward<Body>(body));
  }
  /// For whoever commits by hand.
  transaction_type begin() { return transaction_type(engine_, {}); }

  /// Whether a transaction has committed: one of this rank, from the moment at which its client may know, or one of any
  /// rank of an earlier job.
  transaction_outcome outcome_of(const transaction_id& id) const noexcept {
    return engine_.has_committed(id) ? transaction_outcome::committed : transaction_outcome::aborted;
  }

  // --- without transactions --------------------------------------------------------------------------------------
  /// The rank that keeps this key.
  int owner(const Key& key) const { return engine_.owner(txn::encoded(key)); }
  /// Sets a key without a transaction, if this rank owns it; else does nothing and returns false. For filling a store
  /// that nobody uses yet: every rank loads the same, and each keeps its own.
  bool load(const Key& key, const Value& value) {
    std::string bytes = txn::encoded(key);
    if (engine_.owner(bytes) != engine_.rank()) return false;
    engine_.load(std::move(bytes), txn::encoded(value));
    return true;
  }
  /// Ready when what was loaded on this rank is durable.
  future<void> flush() { return engine_.flush_loaded(); }
  std::size_t local_size() const noexcept { return engine_.data().size(); }
  /// Calls `visit(key, value)` for all that this rank keeps, as committed, in no order.
  template <class Visit>
  void for_each_local(Visit&& visit) const {
    for (const auto& [key, value] : engine_.data().all()) visit(txn::decoded<Key>(key), txn::decoded<Value>(value));
  }

  txn::store_stats stats() const noexcept { return engine_.stats(); }
  /// Transactions that this rank still has to do with, and keys locked here: both 0 when all is quiet.
  std::size_t under_way() const noexcept { return engine_.under_way(); }
  std::size_t locked_keys() const noexcept { return engine_.locked_keys(); }

 private:
  template <class Body>
  task<transaction_result> repeat(Body body) {
    std::optional<txn::lock_age> age;
    for (int attempts = 1;; ++attempts) {
      transaction_type tx(engine_, age);
      age = tx.of_->age;
      transaction_result result{transaction_outcome::aborted, tx.id(), attempts};
      bool met_another = false;
      try {
        task<> running = body(tx);
        co_await running;
      } catch (const transaction_conflict&) {
        met_another = true;
      }
      if (!met_another) {
        if (tx.has_ended()) co_return result;
        future<transaction_outcome> ending = tx.commit();
        result.outcome = co_await ending;
        if (result) {
          engine_.count_commit();
          co_return result;
        }
      }
      tx.abort();
      future<void> pause = engine_.back_off(attempts);
      co_await pause;
    }
  }

  mutable txn::store_engine engine_;
};

}  // namespace weft
