// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <weft/mpi/mpi_transport.hpp>
#include <weft/world/time.hpp>

namespace weft::mpi {

time_point clock_now() noexcept;

/// Waiting that costs nothing while the answer is near and no processor while it is far: return at once (the caller
/// spins), then give the processor away, then after a millisecond sleep, from 5 us doubling to the cap.
///
/// Where ranks outnumber processors a spinning rank keeps the sender from running (4 ranks on 2 processors: 2,700 us
/// per hop of a token against 2 us), so the first rung is short there. Where other programs keep the processors busy,
/// each yield takes a whole slice of theirs, 4 to 40 ms: then a rank does better to sleep at once.
class idle_ladder {
 public:
  idle_ladder(const idle_policy& policy, bool oversubscribed);

  void wait(time_point deadline, std::uint64_t empty_turns, int wake_fd);

 private:
  void sleep(time_point now, time_point deadline, int wake_fd);

  std::uint64_t spin_turns_;
  duration yield_time_;
  duration max_sleep_;
  duration first_sleep_;
  duration next_sleep_;
  std::uint64_t last_turns_ = 0;
  time_point yielding_since_{};
};

}  // namespace weft::mpi
