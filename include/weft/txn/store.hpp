// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/async/task.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/core/value_kind.hpp>
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

  /// Throws `usage_error` for a key that is shorter than `placed_by`, or no plain value.
  explicit store(context& ctx, store_options options = {}) : engine_(ctx, checked(options), key_bytes) {}

  /// Collective. A store that is kept has to be opened, and then holds what earlier jobs have committed, with any
  /// number of ranks. Throws `journal_damaged` if something that had been acknowledged is gone.
  task<> open() { return engine_.open(); }
  /// Every rank, before `open`, and before the first transaction: the participant takes part in those that have work for it
  /// (`transaction::enlist`). It outlives the store.
  void enlist(participant& one) { engine_.enlist(one); }
  /// Collective, when no transaction goes on: waits until everything is over and durable on all ranks, so that the next start
  /// has nothing to decide, and no message of the store is under way when it is destroyed. Optional: a store that is only
  /// destroyed, or killed, loses nothing either.
  task<> close() { return engine_.close(); }

  /// Runs `body(tx)`, a callable that returns `task<>`, and commits; on conflict all of it again, with the same age, so
  /// that it is the oldest some day and wins. An exception that leaves the body aborts and passes on; so does an end of
  /// its own (`tx.abort()`), which gives the result `aborted`.
  ///
  /// With a name, `transact(body, {.name = "step-42"})`, a transaction that has committed under that name before, on any
  /// rank and in any run of a store that is kept, is not run again: the result is that of then, with 0 attempts.
  template <safe_callable Body>
  task<transaction_result> transact(Body&& body, transaction_options options = {},
                                    source_location where = source_location::current()) {
    plan how;
    how.is_read_only = options.read_only;
    if (!options.name.empty()) how.name_key = txn::key_of_name(options.name, key_bytes);
    if (options.within > duration::zero())
      how.end = saturating_add(engine_.time(), options.within);
    how.where = where;
    return repeat<std::decay_t<Body>>(std::forward<Body>(body), std::move(how));
  }
  /// For whoever commits by hand. Of the options only `read_only` and `within` count.
  transaction_type begin(transaction_options options = {}) {
    transaction_type tx(engine_, {}, options.read_only);
    if (options.within > duration::zero())
      engine_.limit(*tx.of_, saturating_add(engine_.time(), options.within));
    return tx;
  }

  /// What became of a transaction: one of this rank, from the moment at which its client may know, or one of any rank of
  /// an earlier run. Nothing: it is too long ago to be known (64 runs, or some ten thousand aborted attempts).
  std::optional<transaction_outcome> outcome_of(const transaction_id& id) const { return engine_.outcome_of(id); }
  /// Every rank, each for the names that it keeps: those that committed before `when` (a result's, or `now()`) may be run
  /// again. Ready when that is durable; gives their number.
  task<std::size_t> forget_before(transaction_moment when) { return engine_.forget_before(when); }
  /// Later than every commit that this rank knows of.
  transaction_moment now() const noexcept {
    transaction_moment moment = engine_.now();
    ++moment.counter;
    return moment;
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
  /// Collective: as `load`, but each rank brings other keys, wherever they belong. Ready when all are durable.
  template <class Pairs>
  task<> load_all(const Pairs& pairs) {
    txn::entries all;
    for (const auto& [key, value] : pairs) {
      all.keys.push_back(txn::encoded(key));
      all.values.emplace_back(txn::encoded(value));
    }
    return engine_.load_all(std::move(all));
  }
  std::size_t local_size() const noexcept { return engine_.data().data().size(); }
  /// Collective: keys on all ranks.
  future<std::size_t> size() { return engine_.size(); }
  /// Calls `visit(key, value)` for all that this rank keeps, as committed, in no order.
  template <class Visit>
  void for_each_local(Visit&& visit) const {
    for (const auto& [key, value] : engine_.data().data()) visit(txn::decoded<Key>(key), txn::decoded<Value>(value));
  }
  /// Collective: the same for one moment on all ranks. Transactions that have begun end first, others wait; `visit` must
  /// not wait for any.
  template <class Visit>
  task<> snapshot(Visit visit) {
    co_await engine_.hold_still();
    std::exception_ptr failure;
    try {
      for_each_local(visit);
    } catch (...) {
      failure = std::current_exception();
    }
    co_await engine_.go_on();
    if (failure) std::rethrow_exception(failure);
  }

  txn::store_stats stats() const noexcept { return engine_.stats(); }
  /// Transactions that this rank still has to do with, and keys locked here. When all is quiet, no key is locked; of the last
  /// transactions of each rank, this one may still know until that rank's next message.
  std::size_t under_way() const noexcept { return engine_.under_way(); }
  std::size_t locked_keys() const noexcept { return engine_.locked_keys(); }

 private:
  template <class T>
  friend class transactional_queue;
  static constexpr std::size_t key_bytes = is_bytes<Key> ? sizeof(Key) : 0;

  static const store_options& checked(const store_options& options) {
    if (options.placed_by > key_bytes)
      throw usage_error("keys of " + std::to_string(key_bytes) + " plain bytes cannot be placed by their first " +
                        std::to_string(options.placed_by));
    return options;
  }

  struct plan {
    std::string name_key;
    time_point end = never;
    source_location where;
    bool is_read_only = false;
  };

  template <class Body>
  task<transaction_result> repeat(Body body, plan how) {
    std::optional<txn::lock_age> age;
    for (int attempts = 1;; ++attempts) {
      if (engine_.is_still()) {
        future<void> admission = engine_.admission();
        co_await admission;
      }
      transaction_type tx(engine_, age, how.is_read_only);
      age = tx.of_->age;
      if (how.end != never) engine_.limit(*tx.of_, how.end);
      transaction_result result{transaction_outcome::aborted, tx.id(), attempts, {}};
      bool met_another = false;
      try {
        if (!how.name_key.empty()) {
          task<std::optional<transaction_result>> looking = tx.result_under(how.name_key, how.where);
          std::optional<transaction_result> earlier = co_await looking;
          if (earlier) {
            WEFT_REACHED("txn.name_has_committed_before");
            earlier->attempts = 0;
            co_return *earlier;
          }
        }
        task<> running = body(tx);
        co_await running;
      } catch (const transaction_conflict&) {
        met_another = true;
      }
      if (!met_another) {
        if (tx.has_ended()) co_return result;
        if (!how.name_key.empty()) {
          result.outcome = transaction_outcome::committed;
          result.when = engine_.now();
          tx.leave_result(how.name_key, result);
        }
        future<transaction_outcome> ending = tx.commit();
        result.outcome = co_await ending;
        if (result) {
          engine_.count_commit();
          co_return result;
        }
      }
      tx.abort();
      if (engine_.time() >= how.end) throw timed_out("a transaction", how.where);
      future<void> pause = engine_.back_off(attempts, how.end);
      co_await pause;
    }
  }

  mutable txn::store_engine engine_;
};

}  // namespace weft
