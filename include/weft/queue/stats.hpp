// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <weft/world/time.hpp>

namespace weft {

/// What one rank did. Counts of items, unless said otherwise.
struct queue_stats {
  std::uint64_t put = 0;
  std::uint64_t taken = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;     ///< holders that threw; the item was tried again or became a dead letter
  std::uint64_t dead = 0;       ///< became dead letters
  std::uint64_t returned = 0;   ///< went back to the queue: cancelled, shut down, or never taken out of a future
  std::uint64_t cancelled = 0;  ///< dropped by `cancel`, or because their submitter gave them up
  std::uint64_t stolen = 0;     ///< came from other ranks, asked for or given
  std::uint64_t given = 0;      ///< left for other ranks
  std::uint64_t stolen_bytes = 0;
  std::uint64_t given_bytes = 0;
  std::uint64_t requests = 0;         ///< steal requests sent
  std::uint64_t failed_requests = 0;  ///< answered with nothing
  std::uint64_t held_back = 0;        ///< puts that had to wait for room
  std::uint64_t exempt = 0;           ///< puts beyond the capacity that did not wait
  std::uint64_t most_queued = 0;      ///< at one time
  std::uint64_t most_bytes = 0;       ///< queued at one time
  std::uint64_t most_held = 0;        ///< at one time
  std::uint64_t polls = 0;            ///< real ones
  duration working{};                 ///< no `get` waited here
  duration searching{};               ///< a `get` waited, and other ranks were asked
  duration idle{};                    ///< a `get` waited, and nobody was asked any more
  duration polling{};                 ///< in `poll`; part of `working`
  duration ending{};  ///< from the last thing that this rank did to its knowing that the queue is drained
};

/// Items that went to and came from one other rank.
struct queue_flow {
  std::uint64_t given = 0;
  std::uint64_t stolen = 0;
};

}  // namespace weft
