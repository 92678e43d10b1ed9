// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weft/core/random.hpp>
#include <weft/txn/store.hpp>
#include <weft/weft.hpp>

#include "options.hpp"

namespace weft::bank {

/// One transaction of a client, with all its attempts.
struct finished {
  std::size_t type = 0;
  int attempts = 1;
  bool is_refused = false;  ///< by its own rules: no effect
};

/// A kind of bank, on one rank of it.
class workload {
 public:
  virtual ~workload() = default;
  virtual std::vector<std::string> types() const = 0;
  /// Collective: opens the store and fills it, if it is new.
  virtual task<> open() = 0;
  /// Until it has committed, or has been refused.
  virtual task<finished> transact(random_source& random) = 0;
  /// Collective, when nobody transacts: what is wrong with the books, or nothing. The same on all ranks.
  virtual task<std::string> audit() = 0;
  virtual txn::store_stats stats() const = 0;
};

std::unique_ptr<workload> make_workload(context& ctx, const bank_options& options);

/// Thrown to find out whether a name has committed, without committing it.
struct only_asked {};

/// What the workloads share: the store, and how it is filled, once.
template <class Key, class Value>
class stored_workload : public workload {
 public:
  using rows_store = store<Key, Value>;
  using transaction_type = typename rows_store::transaction_type;

  stored_workload(context& ctx, const bank_options& options, std::uint32_t placed_by = 0)
      : ctx_(ctx), options_(options), rows_(ctx, placed(options_.store(), placed_by)) {}

  task<> open() final {
    if (!options_.directory.empty()) co_await rows_.open();
    bool is_new = false;
    auto asks = [&is_new](transaction_type&) -> task<> {
      is_new = true;
      co_await yield();
      throw only_asked();
    };
    auto founds = [](transaction_type&) -> task<> { co_return; };
    transaction_options named;
    named.name = "founded";
    try {
      co_await rows_.transact(asks, named);
    } catch (const only_asked&) {
    }
    // Everybody has asked before anybody founds.
    auto asked = ctx_.world().ibarrier();
    co_await asked;
    if (is_new) {
      const std::vector<std::pair<Key, Value>> mine = first_rows();
      co_await rows_.load_all(mine);
      co_await rows_.transact(founds, named);
    }
    auto counting = rows_.size();
    count_ = co_await counting;
    co_await opened();
  }

  txn::store_stats stats() const final { return rows_.stats(); }

 protected:
  /// Those that this rank brings to a new bank.
  virtual std::vector<std::pair<Key, Value>> first_rows() const = 0;
  virtual task<> opened() { co_return; }

  bool goes_elsewhere(random_source& random) const {
    return ctx_.size() > 1 && random.below(100) < static_cast<std::uint64_t>(options_.multi.value_or(10));
  }
  future<std::int64_t> all_ranks(std::int64_t mine) { return ctx_.world().iallreduce(mine, sum); }

  context& ctx_;
  const bank_options options_;
  rows_store rows_;
  std::uint64_t count_ = 0;  ///< rows of all ranks

 private:
  static store_options placed(store_options made, std::uint32_t placed_by) {
    made.placed_by = placed_by;
    return made;
  }
};

/// A bank whose rows are accounts with the numbers from 0 on.
template <class Value>
class account_workload : public stored_workload<std::uint64_t, Value> {
 public:
  using stored_workload<std::uint64_t, Value>::stored_workload;

 protected:
  using stored_workload<std::uint64_t, Value>::ctx_;
  using stored_workload<std::uint64_t, Value>::count_;
  using stored_workload<std::uint64_t, Value>::rows_;
  using stored_workload<std::uint64_t, Value>::options_;

  virtual Value first_value(std::uint64_t account, std::uint64_t accounts) const = 0;

  std::vector<std::pair<std::uint64_t, Value>> first_rows() const final {
    std::vector<std::pair<std::uint64_t, Value>> mine;
    const auto ranks = static_cast<std::uint64_t>(ctx_.size());
    const std::uint64_t all = options_.accounts * ranks;
    for (auto a = static_cast<std::uint64_t>(ctx_.rank()); a < all; a += ranks) mine.emplace_back(a, first_value(a, all));
    return mine;
  }

  /// Draws with `draw(random)` until the account lies on this rank (or, if `elsewhere`, on another) and none of `others`
  /// is equal to it. Where that hardly exists, anything but the others.
  template <class Draw>
  std::uint64_t pick(random_source& random, bool elsewhere, const std::vector<std::uint64_t>& others, Draw&& draw) const {
    constexpr int patience = 200;
    for (int tries = 0;; ++tries) {
      const std::uint64_t account = tries < 2 * patience ? draw(random) : random.below(count_);
      bool is_new = true;
      for (std::uint64_t other : others) is_new &= other != account;
      const bool is_placed = (rows_.owner(account) == ctx_.rank()) != elsewhere;
      if (is_new && (is_placed || tries >= patience)) return account;
    }
  }

  /// Collective: over all accounts of all ranks.
  template <class F>
  task<std::int64_t> sum_of(F&& part) {
    std::int64_t mine = 0;
    co_await rows_.snapshot([&](std::uint64_t, const Value& value) { mine += part(value); });
    co_return co_await this->all_ranks(mine);
  }
};

}  // namespace weft::bank
