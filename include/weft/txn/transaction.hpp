// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/async/task.hpp>
#include <weft/core/bytes.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/txn/call.hpp>
#include <weft/txn/store_engine.hpp>

namespace weft {

template <class Key, class Value>
class store;

/// The result of a function that runs at the data: `co_await` it, once, or leave it.
template <class R>
class called {
 public:
  called(txn::store_engine& engine, txn::attempt& of, std::uint32_t place, source_location where) noexcept
      : engine_(&engine), of_(&of), place_(place), where_(where) {}

  auto operator co_await() {
    running_ = run(*engine_, *of_, place_, where_);
    return running_.operator co_await();
  }

 private:
  static task<R> run(txn::store_engine& engine, txn::attempt& of, std::uint32_t place, source_location where) {
    future<void> running = engine.run_call(of, place);
    co_await running;
    const auto& answer = of.calls[place].answer;
    if (!answer) throw transaction_conflict(where);
    if (!answer->failure.empty()) throw remote_error(answer->failure.front(), where);
    if constexpr (!std::is_void_v<R>) co_return txn::decoded<R>(answer->result);
  }

  txn::store_engine* engine_;
  txn::attempt* of_;
  std::uint32_t place_;
  source_location where_;
  task<R> running_;
};

/// Reads and writes that happen together or not at all, as if no other transaction ran meanwhile (strict
/// serialisability). Reads lock; writes are kept here until the commit and seen by this transaction only. Move-only;
/// destroyed without a commit, it aborts. Belongs to one rank and must be gone before its store.
///
/// Everything that waits may throw `transaction_conflict`: then it is over, and `store::transact` begins it again. Let
/// that exception pass.
template <class Key, class Value>
class transaction {
 public:
  transaction(transaction&& other) noexcept
      : engine_(other.engine_), of_(std::exchange(other.of_, nullptr)), ended_(other.ended_) {}
  transaction& operator=(transaction&& other) noexcept {
    std::swap(engine_, other.engine_);
    std::swap(of_, other.of_);
    std::swap(ended_, other.ended_);
    return *this;
  }
  ~transaction() {
    if (of_ != nullptr) engine_->let_go(*of_);
  }

  /// Readable from the beginning: after a crash `store::outcome_of` knows what became of it.
  const transaction_id& id() const noexcept { return of_->id; }

  /// The value of `key`, or nothing if there is none.
  task<std::optional<Value>> get(const Key& key, txn::lock_mode mode = txn::lock_mode::shared,
                                 source_location where = source_location::current()) {
    return get_one({txn::encoded(key)}, mode, where);
  }
  /// The value of `key`; throws `not_found`.
  task<Value> at(const Key& key, txn::lock_mode mode = txn::lock_mode::shared,
                 source_location where = source_location::current()) {
    return get_there({txn::encoded(key)}, mode, where);
  }
  /// The values of all keys, in their order: one message to each rank that owns some. (g++ 12 cannot compile a braced
  /// list inside a `co_await` expression: name the vector.)
  task<std::vector<std::optional<Value>>> get_many(const std::vector<Key>& wanted,
                                                   txn::lock_mode mode = txn::lock_mode::shared,
                                                   source_location where = source_location::current()) {
    std::vector<std::string> keys;
    for (const Key& key : wanted) keys.push_back(txn::encoded(key));
    return get_all(std::move(keys), mode, where);
  }

  /// At once; others see it after the commit.
  void put(const Key& key, const Value& value, source_location where = source_location::current()) {
    require_writable(where);
    of_->write(txn::encoded(key), txn::encoded(value));
  }
  void erase(const Key& key, source_location where = source_location::current()) {
    require_writable(where);
    of_->write(txn::encoded(key), std::nullopt);
  }

  /// Has `Function(value, arguments...)` run where `key` is kept, under its lock; `value` is a `Value&` or a
  /// `std::optional<Value>&`, const if it only reads (then the lock is shared). A plain function or a captureless lambda,
  /// called in the loop of that rank: short, without waiting. If the result is awaited, it runs at once; else it goes along
  /// with the commit, in the message that is due anyway. What it throws arrives as `remote_error`: where it is awaited,
  /// and then the transaction may go on, or else from the commit, which has no effect then.
  template <auto Function, class... Arguments>
  called<typename txn::data_function<Function, Value>::result> call(const Key& key, const Arguments&... arguments) {
    using remote = txn::remote_data_function<Function, Value>;
    if constexpr (txn::data_function<Function, Value>::writes) {
      require_writable({});
    } else {
      require_open({});
    }
    txn::call what;
    what.function = remote::number();
    what.mode = txn::data_function<Function, Value>::mode;
    what.key = txn::encoded(key);
    byte_buffer bytes;
    remote::encode_arguments(bytes, arguments...);
    what.arguments.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {*engine_, *of_, engine_->add_call(*of_, std::move(what)), {}};
  }

  /// Leaves work for one key of a participant, in place of what was left for it before. The participant is asked to prepare
  /// it when the transaction commits, and does it then (`weft::participant`).
  void enlist(const participant& with, std::string_view key, std::string work,
              source_location where = source_location::current()) {
    require_writable(where);
    of_->write(txn::key_of_work(with.name(), key, engine_->key_bytes()), std::move(work));
  }

  /// What has been put, erased and called until now, to go back to. Locks stay.
  class savepoint {
    friend class transaction;
    std::size_t writes = 0;
    std::size_t calls = 0;
  };
  savepoint save() {
    require_open({});
    of_->has_savepoint = true;
    savepoint now;
    now.writes = of_->undo.size();
    now.calls = of_->calls.size();
    return now;
  }
  /// Takes back what came after. Throws `usage_error` if a function has run at the data since then, because it was
  /// awaited or a read had to see what it did. Savepoints made since then are void.
  void rollback_to(const savepoint& to, source_location where = source_location::current()) {
    require_open(where);
    for (std::size_t i = to.calls; i < of_->calls.size(); ++i) {
      if (of_->calls[i].ticket == 0) continue;
      throw usage_error("a function that has run at the data cannot be taken back by a savepoint", where);
    }
    of_->calls.resize(std::min(to.calls, of_->calls.size()));
    of_->undo_to(to.writes);
  }

  /// Ends it. `aborted`: another transaction was in the way, and nothing has happened.
  future<transaction_outcome> commit(source_location where = source_location::current()) {
    require_open(where);
    ended_ = true;
    return engine_->commit(*of_);
  }
  /// Ends it without effect.
  void abort() {
    if (!std::exchange(ended_, true)) engine_->abort(*of_);
  }
  bool has_ended() const noexcept { return ended_; }

 private:
  friend class store<Key, Value>;
  template <class T>
  friend class transactional_queue;
  transaction(txn::store_engine& engine, std::optional<txn::lock_age> age, bool is_read_only)
      : engine_(&engine), of_(&engine.begin(age)) {
    of_->is_read_only = is_read_only;
  }

  void require_open(source_location where) const {
    if (ended_) throw usage_error("this transaction has ended", where);
  }
  void require_writable(source_location where) const {
    require_open(where);
    if (of_->is_read_only) throw usage_error("this transaction was begun to read only", where);
  }
  /// The result of an earlier transaction under the name that has this key; locks it for this one.
  task<std::optional<transaction_result>> result_under(std::string name_key, source_location where) {
    std::vector<std::string> keys;
    keys.push_back(std::move(name_key));
    task<> reading = read(keys, txn::lock_mode::exclusive, where);
    co_await reading;
    const auto& found = of_->reads.at(keys.front());
    co_return found ? std::make_optional(txn::decoded<transaction_result>(*found)) : std::nullopt;
  }
  void leave_result(const std::string& name_key, const transaction_result& result) {
    if (!WEFT_PLANTED("txn.name_is_not_written")) of_->write(name_key, txn::encoded(result));
  }
  /// The oldest free item of a queue on one rank, which this transaction takes out of it.
  task<std::optional<std::string>> take_item(int rank, std::string prefix, source_location where) {
    require_writable(where);
    future<txn::attempt::answer> taking = engine_->take(*of_, rank, std::move(prefix));
    txn::attempt::answer answer = co_await taking;
    if (answer.is_refused || of_->is_doomed) throw transaction_conflict(where);
    if (answer.values.empty()) co_return std::nullopt;
    of_->write(*answer.values.at(0), std::nullopt);
    co_return std::move(answer.values.at(1));
  }
  void add_item(std::string key, std::string value, source_location where) {
    require_writable(where);
    of_->write(key, std::move(value));
  }
  std::optional<Value> value_of(const std::string& key) const {
    const auto written = of_->writes.find(key);
    const auto& cell = written != of_->writes.end() ? written->second : of_->reads.at(key);
    return cell ? std::optional<Value>(txn::decoded<Value>(*cell)) : std::nullopt;
  }
  /// Whether the answer is here already.
  bool knows(const std::string& key, txn::lock_mode mode) const {
    if (of_->writes.count(key) != 0) return true;
    return mode == txn::lock_mode::shared && of_->reads.count(key) != 0;
  }
  task<std::optional<Value>> get_one(std::vector<std::string> keys, txn::lock_mode mode, source_location where) {
    task<> reading = read(keys, mode, where);
    co_await reading;
    co_return value_of(keys.front());
  }
  task<Value> get_there(std::vector<std::string> keys, txn::lock_mode mode, source_location where) {
    task<> reading = read(keys, mode, where);
    co_await reading;
    std::optional<Value> value = value_of(keys.front());
    if (!value) throw not_found(where);
    co_return std::move(*value);
  }
  task<std::vector<std::optional<Value>>> get_all(std::vector<std::string> keys, txn::lock_mode mode,
                                                  source_location where) {
    task<> reading = read(keys, mode, where);
    co_await reading;
    std::vector<std::optional<Value>> values;
    for (const std::string& key : keys) values.push_back(value_of(key));
    co_return values;
  }
  task<> read(const std::vector<std::string>& keys, txn::lock_mode mode, source_location where) {
    require_open(where);
    // What functions are to do to these keys comes first.
    for (std::uint32_t i = 0; i < of_->calls.size(); ++i) {
      const auto& each = of_->calls[i];
      if (each.answer || std::find(keys.begin(), keys.end(), each.what.key) == keys.end()) continue;
      future<void> running = engine_->run_call(*of_, i);
      co_await running;
    }
    std::map<int, std::vector<std::string>> by_rank;
    for (const std::string& key : keys) {
      if (!knows(key, mode)) by_rank[engine_->owner(key)].push_back(key);
    }
    std::vector<std::pair<std::vector<std::string>, future<txn::attempt::answer>>> asked;
    for (auto& [rank, wanted] : by_rank) {
      auto answer = engine_->read(*of_, rank, wanted, mode);
      asked.emplace_back(std::move(wanted), std::move(answer));
    }
    for (auto& [wanted, coming] : asked) {
      txn::attempt::answer answer = co_await coming;
      if (answer.is_refused || answer.values.size() != wanted.size()) throw transaction_conflict(where);
      for (std::size_t i = 0; i < wanted.size(); ++i)
        of_->reads.insert_or_assign(wanted[i], std::move(answer.values[i]));
    }
    if (of_->is_doomed) throw transaction_conflict(where);
  }

  txn::store_engine* engine_;
  txn::attempt* of_;
  bool ended_ = false;
};

}  // namespace weft
