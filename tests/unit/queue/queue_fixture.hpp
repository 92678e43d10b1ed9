// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/queue/work_queue.hpp>

#include "support/context_driver.hpp"

namespace weft::testing {

/// A queue on every rank of a fake cluster.
template <class T, class R = void>
struct cluster_of_queues {
  explicit cluster_of_queues(int ranks, queue_options options = {}, fake_options faults = {})
      : cluster(ranks, std::move(faults)) {
    for (int r = 0; r < ranks; ++r) queues.push_back(std::make_unique<work_queue<T, R>>(cluster.at(r), options));
  }
  work_queue<T, R>& at(int rank) { return *queues[static_cast<std::size_t>(rank)]; }
  context& on(int rank) { return cluster.at(rank); }
  int size() const { return cluster.size(); }
  void close_all() {
    for (auto& q : queues) q->close();
  }
  bool finish(std::vector<future<void>>& tasks) {
    return cluster.drive([&] {
      for (auto& t : tasks) {
        if (!t.ready()) return false;
      }
      return true;
    });
  }
  bool drain() {
    return cluster.drive([&] {
      for (auto& q : queues) {
        if (!q->drained()) return false;
      }
      return true;
    });
  }
  std::uint64_t total(std::uint64_t queue_stats::*what) {
    std::uint64_t sum = 0;
    for (auto& q : queues) sum += q->stats().*what;
    return sum;
  }

  cluster_of_contexts cluster;
  std::vector<std::unique_ptr<work_queue<T, R>>> queues;
};

}  // namespace weft::testing
