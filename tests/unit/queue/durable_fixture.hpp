// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/queue/durable_queue.hpp>

#include "support/context_driver.hpp"

namespace weft::testing {

/// One job: a durable queue on every rank of a fake cluster, on the disk of the jobs before.
template <class T, class R = void>
struct durable_job {
  explicit durable_job(int ranks, const std::shared_ptr<fake_disk>& disk, durable_options how = {},
                       queue_options options = {}, fake_options faults = {})
      : cluster(ranks, std::move(faults)) {
    *disk_of_cluster() = *disk;
    for (int r = 0; r < ranks; ++r)
      queues.push_back(std::make_unique<durable_queue<T, R>>(cluster.at(r), "jobs/queue", how, options));
  }
  fake_disk* disk_of_cluster() { return &cluster.cluster.shared_disk(); }

  void open() {
    std::vector<future<void>> opened;
    for (int r = 0; r < cluster.size(); ++r) opened.push_back(cluster.at(r).spawn(at(r).open()));
    ASSERT_TRUE(finish(opened));
    for (auto& each : opened) each.get();
  }
  durable_queue<T, R>& at(int rank) { return *queues[static_cast<std::size_t>(rank)]; }
  context& on(int rank) { return cluster.at(rank); }
  bool finish(std::vector<future<void>>& tasks) {
    return cluster.drive([&] {
      for (auto& t : tasks) {
        if (!t.ready()) return false;
      }
      return true;
    });
  }
  bool until(future<void>& done) {
    return cluster.drive([&] { return done.ready(); });
  }
  bool drain() {
    return cluster.drive([&] {
      for (auto& q : queues) {
        if (!q->drained()) return false;
      }
      return true;
    });
  }
  /// What the next job finds when all processes of this one are killed now.
  std::shared_ptr<fake_disk> killed() {
    auto left = std::make_shared<fake_disk>();
    left->directories = disk_of_cluster()->directories;
    for (const auto& [name, file] : disk_of_cluster()->files) {
      left->files[name] = std::make_shared<fake_file>();
      left->files[name]->data = file->data;
    }
    return left;
  }

  cluster_of_contexts cluster;
  std::vector<std::unique_ptr<durable_queue<T, R>>> queues;
};

inline std::shared_ptr<fake_disk> empty_disk() { return std::make_shared<fake_disk>(); }

}  // namespace weft::testing
