// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <vector>

#include <weft/world/world.hpp>

#include "fake_host.hpp"
#include "fake_storage.hpp"
#include "fake_transport.hpp"

namespace weft::testing {

/// A cluster in memory, all of its ranks in one thread: a test makes one world per rank and drives their loops by
/// turns. Nothing happens by itself and nothing sleeps; time stands still until the test moves it.
///
/// MPI's rules hold: receives match in posting order, messages of one pair and communicator do not overtake each other,
/// a long or synchronous send completes at its match. Misuse (a number used twice, an unknown communicator, ranks that
/// disagree on a collective) throws `world_error`. The worlds must be destroyed before their cluster.
///
/// A driver that notices deadlock and jumps over idle time:
///
///     while (!finished()) {
///       for (auto& loop : loops) loop.turn();
///       if (!cluster.all_idle()) continue;
///       if (cluster.next_deadline() == weft::never) FAIL() << "deadlock";
///       cluster.advance_to(cluster.next_deadline());
///     }
class fake_cluster {
 public:
  explicit fake_cluster(int ranks, fake_options options = {});
  fake_cluster(const fake_cluster&) = delete;
  fake_cluster& operator=(const fake_cluster&) = delete;

  /// The rank's world: once at a time for each rank (again after the first has been destroyed).
  weft::world world(int rank);
  int size() const { return state_.world->size; }

  // --- time and progress -------------------------------------------------------------------------------------------
  time_point now() const { return state_.now; }
  void advance(duration by) { advance_to(state_.now + by); }
  void advance_to(time_point when);
  /// Every living rank has called `idle` since anything last happened, and no message is under way.
  bool all_idle() const { return state_.all_idle(); }
  /// The earliest deadline with which a living rank last called `idle`.
  time_point next_deadline() const { return state_.next_deadline(); }
  std::uint64_t idle_calls(int rank) { return state_.at(rank).idle_calls; }

  // --- faults ------------------------------------------------------------------------------------------------------
  /// Messages to a stopped rank stay under way, and its `poll` and `test` hand out nothing.
  void stop(int rank) { state_.at(rank).is_stopped = true; }
  void resume(int rank);
  int aborted() const { return state_.aborted; }  ///< the exit code of the first `abort`, -1 if there was none

  // --- what a rank has outside its transport ------------------------------------------------------------------------
  fake_host_state& host(int rank) { return *hosts_.at(static_cast<std::size_t>(rank)); }  ///< after `world(rank)`
  fake_disk& shared_disk() { return *shared_disk_; }
  fake_disk& node_disk(int node);

  // --- counts ------------------------------------------------------------------------------------------------------
  std::uint64_t messages() const { return state_.messages; }  ///< sent so far, by all ranks
  std::uint64_t bytes() const { return state_.bytes; }
  std::uint64_t lost() const { return state_.lost; }  ///< messages nobody can receive any more (communicator freed)
  /// Operations of a rank that were started and not handed out.
  std::size_t open_operations(int rank) { return state_.at(rank).operations.size(); }
  /// Messages that have come to a rank and match no receive yet, and those on the way to it.
  std::size_t unreceived(int rank);
  /// Bytes of queues and buffers that the fake holds, none of them by `operator new`.
  std::size_t fake_bytes() const { return state_.memory.held(); }

 private:
  detail::cluster_state state_;
  std::vector<std::shared_ptr<fake_host_state>> hosts_;
  std::shared_ptr<fake_disk> shared_disk_ = std::make_shared<fake_disk>();
  std::vector<std::shared_ptr<fake_disk>> node_disks_;
};

/// For `fake_options::delay`: a seeded number of progress calls between 0 and `most` for each message.
std::function<unsigned(int, int)> random_delay(std::uint64_t seed, unsigned most);

}  // namespace weft::testing
