// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include <weft/port/context.hpp>

#include "support/fake_world.hpp"

namespace weft::testing {

/// Contexts on all ranks of a fake cluster, driven in turns by one thread.
class cluster_of_contexts {
 public:
  explicit cluster_of_contexts(int ranks, fake_options options = {}) : cluster(ranks, std::move(options)) {
    for (int r = 0; r < ranks; ++r) contexts.push_back(std::make_unique<context>(cluster.world(r), config()));
  }
  ~cluster_of_contexts() { close(); }
  cluster_of_contexts(const cluster_of_contexts&) = delete;
  cluster_of_contexts& operator=(const cluster_of_contexts&) = delete;

  context& at(int rank) { return *contexts[static_cast<std::size_t>(rank)]; }
  int size() const { return static_cast<int>(contexts.size()); }

  /// Whether anything happened on any rank.
  bool turn() {
    bool any = false;
    for (auto& c : contexts) {
      if (c != nullptr) any |= c->loop().turn();
    }
    return any;
  }
  void turn(int times) {
    for (int i = 0; i < times; ++i) turn();
  }
  /// Turns until `done`, jumping over idle time. False if nothing can move any more.
  bool drive(const std::function<bool()>& done) {
    int idle_rounds = 0;
    while (!done()) {
      if (turn() || !cluster.all_idle()) {
        idle_rounds = 0;
        continue;
      }
      if (cluster.next_deadline() == never) {
        if (++idle_rounds > 3) return false;
        continue;
      }
      cluster.advance_to(cluster.next_deadline());
    }
    return true;
  }
  /// Shuts all contexts down together and destroys them.
  void close() {
    std::vector<future<void>> ends;
    for (auto& c : contexts) {
      if (c != nullptr && !c->loop().has_failed()) ends.push_back(c->shutdown());
    }
    if (ends.size() == contexts.size()) {
      EXPECT_TRUE(drive([&] {
        for (auto& end : ends) {
          if (!end.ready()) return false;
        }
        return true;
      })) << "the shutdown hangs";
    } else {
      for (auto& c : contexts) c->loop().fail(std::make_exception_ptr(error("a rank has failed")));
    }
    ends.clear();
    contexts.clear();
  }

  fake_cluster cluster;
  std::vector<std::unique_ptr<context>> contexts;
};

}  // namespace weft::testing
