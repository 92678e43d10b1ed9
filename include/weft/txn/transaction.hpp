// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weft/async/task.hpp>
#include <weft/core/bytes.hpp>
#include <weft/core/codec.hpp>
#include <weft/txn/store_engine.hpp>

namespace weft {

template <class Key, class Value>
class store;

namespace txn {

template <class T>
std::string encoded(const T& value) {
  byte_buffer out;
  encode(out, value);
  return std::string(reinterpret_cast<const char*>(out.data()), out.size());
}
template <class T>
T decoded(const std::string& bytes) {
  T value{};
  reader in(std::as_bytes(std::span(bytes)));
  decode(in, value);
  return value;
}

}  // namespace txn

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
    require_open(where);
    of_->writes.insert_or_assign(txn::encoded(key), txn::encoded(value));
  }
  void erase(const Key& key, source_location where = source_location::current()) {
    require_open(where);
    of_->writes.insert_or_assign(txn::encoded(key), std::nullopt);
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
  transaction(txn::store_engine& engine, std::optional<txn::lock_age> age)
      : engine_(&engine), of_(&engine.begin(age)) {}

  void require_open(source_location where) const {
    if (ended_) throw usage_error("this transaction has ended" + describe(where), where);
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
