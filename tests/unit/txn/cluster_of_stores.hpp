// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include <weft/txn/store.hpp>

#include "support/context_driver.hpp"

namespace weft::testing {

/// A store on every rank of a fake cluster.
template <class Store>
struct cluster_of_stores {
  explicit cluster_of_stores(int ranks, store_options options = {}) : cluster(ranks) {
    for (int r = 0; r < ranks; ++r) stores.push_back(std::make_unique<Store>(cluster.at(r), options));
  }
  Store& at(int rank) { return *stores[static_cast<std::size_t>(rank)]; }
  int size() const { return static_cast<int>(stores.size()); }
  bool finish(std::vector<future<void>>& tasks) {
    return cluster.drive([&] {
      for (auto& t : tasks) {
        if (!t.ready()) return false;
      }
      return true;
    });
  }
  /// Runs one task on one rank to its end.
  void run(int rank, task<> body) {
    std::vector<future<void>> tasks;
    tasks.push_back(cluster.at(rank).spawn(std::move(body)));
    ASSERT_TRUE(finish(tasks));
    tasks.front().get();
  }
  bool settle() {
    return cluster.drive([&] {
      for (auto& s : stores) {
        if (s->locked_keys() != 0) return false;
      }
      return true;
    });
  }
  /// Messages between ranks so far.
  std::uint64_t messages() const {
    std::uint64_t sum = 0;
    for (auto& s : stores) sum += s->stats().messages;
    return sum;
  }

  cluster_of_contexts cluster;
  std::vector<std::unique_ptr<Store>> stores;
};

}  // namespace weft::testing
