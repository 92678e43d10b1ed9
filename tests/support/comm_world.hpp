// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <stdexcept>
#include <vector>

#include <weft/async/loop.hpp>
#include <weft/comm/communicator.hpp>

#include "fake_world.hpp"

namespace weft::testing {

/// The ranks of a fake cluster, each with a loop and a communicator of all ranks, in one thread. While one rank blocks,
/// the others' loops turn.
class comm_world {
 public:
  explicit comm_world(int ranks, fake_options options = {}) : cluster(ranks, with_turns(std::move(options), this)) {
    for (int r = 0; r < ranks; ++r) {
      auto one = std::make_unique<rank_state>();
      one->outside = cluster.world(r);
      one->on = std::make_unique<loop>(one->outside);
      one->comm = std::make_unique<communicator>(*one->on, world_comm);
      ranks_.push_back(std::move(one));
    }
  }

  communicator& at(int rank) { return *ranks_.at(static_cast<std::size_t>(rank))->comm; }
  communicator& operator[](int rank) { return at(rank); }
  loop& loop_of(int rank) { return *ranks_.at(static_cast<std::size_t>(rank))->on; }
  int size() const { return static_cast<int>(ranks_.size()); }

  void turn() {
    for (auto& one : ranks_) one->on->turn();
  }
  /// Turns all loops until `finished()`; throws when nothing can happen any more.
  template <class Finished>
  void run_until(Finished&& finished) {
    while (!finished()) {
      turn();
      if (!cluster.all_idle() || finished()) continue;
      if (cluster.next_deadline() == never) throw std::runtime_error("deadlock");
      cluster.advance_to(cluster.next_deadline());
    }
  }
  /// Turns all loops until nothing happens any more.
  void settle() {
    for (int quiet = 0; quiet < 4;) {
      turn();
      quiet = cluster.all_idle() ? quiet + 1 : 0;
    }
  }
  template <class T>
  T get(future<T>& value) {
    run_until([&value] { return value.ready(); });
    return value.get();
  }
  template <class T>
  T get(future<T>&& value) {
    return get(value);
  }
  void forget(int rank) { ranks_.at(static_cast<std::size_t>(rank))->comm.reset(); }

  fake_cluster cluster;

 private:
  struct rank_state {
    world outside;
    std::unique_ptr<loop> on;
    std::unique_ptr<communicator> comm;
  };
  static fake_options with_turns(fake_options options, comm_world* self) {
    if (!options.on_idle) {
      options.on_idle = [self](int idle_rank) {
        if (self->nested_) return;
        self->nested_ = true;
        for (int r = 0; r < self->size(); ++r) {
          if (r != idle_rank) self->loop_of(r).turn();
        }
        self->nested_ = false;
      };
    }
    return options;
  }

  bool nested_ = false;
  std::vector<std::unique_ptr<rank_state>> ranks_;
};

}  // namespace weft::testing
