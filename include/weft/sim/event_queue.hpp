// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace weft::sim {

/// Something that happens at a moment of its own: a timer of a disk, a child process, a fault.
class event_target {
 public:
  virtual void on_time(std::uint64_t argument) = 0;

 protected:
  ~event_target() = default;
};

/// Events by time; those of one time in the order in which they were made. `Event` has `time` and `order`.
template <class Event>
class event_queue {
 public:
  bool empty() const noexcept { return heap_.empty(); }
  std::int64_t top_time() const noexcept {
    return heap_.empty() ? std::numeric_limits<std::int64_t>::max() : heap_.front().time;
  }
  const Event& top() const noexcept { return heap_.front(); }
  void push(const Event& made) {
    heap_.push_back(made);
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  Event pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Event first = heap_.back();
    heap_.pop_back();
    return first;
  }
  void clear() noexcept { heap_.clear(); }
  auto begin() const noexcept { return heap_.begin(); }
  auto end() const noexcept { return heap_.end(); }

 private:
  static bool later(const Event& a, const Event& b) noexcept {
    return a.time > b.time || (a.time == b.time && a.order > b.order);
  }
  std::vector<Event> heap_;
};

/// What happens beside the ranks.
struct outside_event {
  std::int64_t time;  ///< ns
  std::uint64_t order;
  event_target* target;
  std::uint64_t argument;
  bool is_idle;
};

struct message;

/// What the network brings to a rank.
struct delivery {
  enum class kind : std::uint8_t {
    arrive,    ///< a message reaches its receiver
    transfer,  ///< the data of a long message reach the receiver
    finish,    ///< an operation of the rank is done
  };
  std::int64_t time;  ///< ns
  std::uint64_t order;
  message* what;
  std::uint32_t operation;
  kind is;
};

}  // namespace weft::sim
