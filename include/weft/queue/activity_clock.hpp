// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <utility>

#include <weft/async/loop.hpp>
#include <weft/queue/stats.hpp>

namespace weft::detail {

/// How long a rank of a queue has worked, searched and waited. Looks at the time only when that changes.
class activity_clock {
 public:
  enum class activity : std::uint8_t { working, searching, idle };

  explicit activity_clock(loop& on) : loop_(on), since_(on.now()) {}

  void set(activity now_is) {
    if (now_is == activity_) return;
    const time_point now = loop_.now();
    passed(std::exchange(activity_, now_is)) += now - std::exchange(since_, now);
  }
  /// What came before the present activity.
  void add_to(queue_stats& stats) const noexcept {
    stats.working = working_;
    stats.searching = searching_;
    stats.idle = idle_;
  }

 private:
  duration& passed(activity what) noexcept {
    if (what == activity::working) return working_;
    return what == activity::searching ? searching_ : idle_;
  }

  loop& loop_;
  activity activity_ = activity::working;
  time_point since_;
  duration working_{};
  duration searching_{};
  duration idle_{};
};

}  // namespace weft::detail
