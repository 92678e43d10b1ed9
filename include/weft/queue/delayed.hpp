// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <weft/async/loop.hpp>
#include <weft/async/timer_queue.hpp>

namespace weft::detail {

/// Items that nobody may take yet, by the time when they become due; equal times in the order in which they came.
template <class Item>
class delayed_items {
 public:
  explicit delayed_items(loop& on) : loop_(on) {
    timer_.loop = &on;
    timer_.fire = [](timer_node& self) noexcept {
      auto& timer = static_cast<due_timer&>(self);
      timer.is_due = true;
      timer.loop->note_work();
    };
  }
  ~delayed_items() { stop(); }
  delayed_items(const delayed_items&) = delete;
  delayed_items& operator=(const delayed_items&) = delete;

  std::size_t size() const noexcept { return heap_.size(); }
  bool empty() const noexcept { return heap_.empty(); }
  bool is_due() const noexcept { return timer_.is_due; }

  void add(Item item, time_point due) {
    heap_.push_back({std::move(item), due, ++arrivals_});
    std::push_heap(heap_.begin(), heap_.end(), later);
    set_timer();
  }
  /// Calls `each(Item&&)` for all that are due, the earliest first.
  template <class Each>
  void take_due(Each&& each) {
    timer_.is_due = false;
    const time_point now = loop_.now();
    while (!heap_.empty() && heap_.front().due <= now) {
      std::pop_heap(heap_.begin(), heap_.end(), later);
      entry one = std::move(heap_.back());
      heap_.pop_back();
      each(std::move(one.item));
    }
    set_timer();
  }
  /// Drops those that `which(const Item&)` says; returns how many.
  template <class Which>
  std::size_t drop_if(Which&& which) {
    const std::size_t dropped = std::erase_if(heap_, [&](const entry& one) { return which(one.item); });
    std::make_heap(heap_.begin(), heap_.end(), later);
    set_timer();
    return dropped;
  }

 private:
  struct entry {
    Item item;
    time_point due;
    std::uint64_t arrival;
  };
  struct due_timer final : timer_node {
    weft::loop* loop = nullptr;
    bool is_due = false;
  };
  static bool later(const entry& a, const entry& b) noexcept {
    return a.due != b.due ? a.due > b.due : a.arrival > b.arrival;
  }
  void stop() noexcept {
    if (timer_.queued()) loop_.timers().cancel(timer_);
  }
  void set_timer() {
    stop();
    if (!heap_.empty()) loop_.timers().add(timer_, heap_.front().due);
  }

  weft::loop& loop_;
  due_timer timer_;
  std::vector<entry> heap_;
  std::uint64_t arrivals_ = 0;
};

}  // namespace weft::detail
