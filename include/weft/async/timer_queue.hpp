// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <weft/world/time.hpp>

namespace weft {

/// What a timer is for. A program in which nothing but background timers is left to happen, and which they change
/// nothing in, is stuck: the simulator says so. Real ranks do not care.
enum class timer_role : std::uint8_t {
  foreground,  ///< a user's sleep or deadline: the program goes on when it fires
  background,  ///< housekeeping: heartbeat, metrics, flush, resend, doubt
};

/// A place in a timer queue, embedded in whatever waits. `fire` is called in the loop's timer phase, after the node was
/// taken out: it may only note the fact or schedule.
struct timer_node {
  void (*fire)(timer_node& self) noexcept = nullptr;
  time_point due = never;
  std::size_t position = not_queued;
  timer_role role = timer_role::foreground;
  static constexpr std::size_t not_queued = ~std::size_t{0};
  bool queued() const noexcept { return position != not_queued; }
};

/// Timers ordered by deadline: a 4-ary heap that knows each node's place, so that cancelling is O(log n). Timers with
/// equal deadlines fire in the order in which they were added.
class timer_queue {
 public:
  bool empty() const noexcept { return heap_.empty(); }
  std::size_t size() const noexcept { return heap_.size(); }
  bool has_foreground() const noexcept { return background_ < heap_.size(); }
  /// The latest deadline of all; `never` if there is none. O(n).
  time_point latest() const noexcept;
  time_point next() const noexcept { return heap_.empty() ? never : heap_.front().deadline; }
  void add(timer_node& node, time_point deadline);
  void cancel(timer_node& node) noexcept;
  /// Fires every timer that is due at `now`; returns how many.
  std::size_t fire_due(time_point now);

 private:
  struct entry {
    time_point deadline;
    std::uint64_t order;
    timer_node* node;
    bool before(const entry& other) const noexcept {
      return deadline != other.deadline ? deadline < other.deadline : order < other.order;
    }
  };
  void place(std::size_t at, const entry& e) noexcept;
  void sift_up(std::size_t at, const entry& e) noexcept;
  void sift_down(std::size_t at, const entry& e) noexcept;
  void remove_at(std::size_t at) noexcept;

  std::vector<entry> heap_;
  std::size_t background_ = 0;  ///< timers of that role
  std::uint64_t order_ = 0;
};

}  // namespace weft
