// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <weft/async/task.hpp>
#include <weft/core/error.hpp>
#include <weft/txn/partition.hpp>
#include <weft/txn/store.hpp>

namespace weft {

/// A queue whose items come and go with transactions of a store: what a transaction takes, does and adds happens together or
/// not at all, so each item is worked on exactly once, whatever dies.
///
///     weft::transactional_queue<order> orders(accounts, "orders"), bills(accounts, "bills");
///     co_await accounts.transact([&](auto& tx) -> weft::task<> {
///       auto next = co_await orders.consume(tx);          // locked until the transaction ends; back again if it aborts
///       if (!next) co_return;
///       tx.put(next->account, ...);
///       bills.publish(tx, bill_of(*next));                // seen by others once it has committed
///     });
///
/// The items lie in the store's partitions, are written down, recovered and dealt to another number of ranks as its keys
/// are. An item lies with the rank that published it, or that `publish` names, until the next start. `consume` takes the
/// oldest free item of this rank, or else of the next rank that has one, by one message to each that it asks; it passes over
/// items that other transactions hold. Order is kept among the items of a rank only, and not where a transaction aborts.
template <class T>
class transactional_queue {
 public:
  /// The store outlives it. Queues of one name are the same queue, on all ranks and in all runs.
  template <class Key, class Value>
  transactional_queue(store<Key, Value>& in, const std::string& name)
      : engine_(&in.engine_), prefix_(txn::items_of_queue(name)) {
    if (name.empty() || name.find('\0') != std::string::npos)
      throw usage_error("a queue needs a name without zero bytes");
  }

  /// At once; sent with the commit. `rank`: where the item is to lie; -1: here.
  template <class Key, class Value>
  void publish(transaction<Key, Value>& tx, const T& item, int rank = -1,
               source_location where = source_location::current()) {
    tx.add_item(engine_->new_item_key(prefix_, rank < 0 ? engine_->rank() : rank), txn::encoded(item), where);
  }
  /// An item that no other transaction holds, or nothing. Throws `transaction_conflict`, as a read does.
  template <class Key, class Value>
  task<std::optional<T>> consume(transaction<Key, Value>& tx, source_location where = source_location::current()) {
    return take(tx, where);
  }
  /// Items on this rank, with those that transactions hold.
  std::size_t local_size() const { return engine_->data().count_items(prefix_); }

 private:
  template <class Key, class Value>
  task<std::optional<T>> take(transaction<Key, Value>& tx, source_location where) {
    for (int i = 0; i < engine_->ranks(); ++i) {
      task<std::optional<std::string>> taking = tx.take_item((engine_->rank() + i) % engine_->ranks(), prefix_, where);
      std::optional<std::string> found = co_await taking;
      if (found) co_return txn::decoded<T>(*found);
    }
    co_return std::nullopt;
  }

  txn::store_engine* engine_;
  std::string prefix_;
};

}  // namespace weft
