// SPDX-License-Identifier: BSL-1.0
#include "mpi/idle_ladder.hpp"

#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <ctime>

namespace weft::mpi {

namespace {

using std::chrono::microseconds;

constexpr std::uint64_t spin_turns_alone = 20'000;
constexpr std::uint64_t spin_turns_oversubscribed = 1;
constexpr duration yield_time = std::chrono::milliseconds(1);
constexpr duration first_sleep = microseconds(5);
constexpr duration first_sleep_without_yields = microseconds(50);
/// The kernel may add this much to a sleep (timer slack): a nearer deadline is met by yielding.
constexpr duration slack = microseconds(60);

}  // namespace

time_point clock_now() noexcept { return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()); }

idle_ladder::idle_ladder(const idle_policy& policy, bool oversubscribed)
    : spin_turns_(policy.spin_turns != 0 ? policy.spin_turns
                  : oversubscribed       ? spin_turns_oversubscribed
                                         : spin_turns_alone),
      yield_time_(policy.yields ? yield_time : duration::zero()),
      max_sleep_(policy.max_sleep),
      first_sleep_(std::min(policy.yields ? first_sleep : first_sleep_without_yields, policy.max_sleep)),
      next_sleep_(first_sleep_) {}

void idle_ladder::wait(time_point deadline, std::uint64_t empty_turns, int wake_fd) {
  // Something happened since: the ladder is climbed anew, also if the first turns are spent spinning.
  if (empty_turns <= last_turns_) yielding_since_ = time_point{};
  last_turns_ = empty_turns;
  if (empty_turns < spin_turns_) return;
  const time_point now = clock_now();
  if (yielding_since_ == time_point{}) {
    yielding_since_ = now;
    next_sleep_ = first_sleep_;
  }
  if (deadline - now < slack && yield_time_ == duration::zero()) return;
  if (now - yielding_since_ < yield_time_ || deadline - now < slack) {
    sched_yield();
    return;
  }
  sleep(now, deadline, wake_fd);
}

void idle_ladder::sleep(time_point now, time_point deadline, int wake_fd) {
  // `never - now` does not overflow: the clock counts up from 0.
  const duration length = std::min(next_sleep_, deadline - now - slack / 2);
  next_sleep_ = std::min(next_sleep_ * 2, max_sleep_);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(length);
  const timespec timeout{static_cast<std::time_t>(seconds.count()), static_cast<long>((length - seconds).count())};
  pollfd watched{wake_fd, POLLIN, 0};
  ppoll(&watched, wake_fd >= 0 ? 1 : 0, &timeout, nullptr);
}

}  // namespace weft::mpi
