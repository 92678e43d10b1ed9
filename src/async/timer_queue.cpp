// SPDX-License-Identifier: BSL-1.0
#include <weft/async/timer_queue.hpp>

#include <weft/core/planted_fault.hpp>

#include <algorithm>

namespace weft {

void timer_queue::place(std::size_t at, const entry& e) noexcept {
  heap_[at] = e;
  e.node->position = at;
}

void timer_queue::sift_up(std::size_t at, const entry& e) noexcept {
  while (at > 0) {
    const std::size_t parent = (at - 1) / 4;
    if (!e.before(heap_[parent])) break;
    place(at, heap_[parent]);
    at = parent;
  }
  place(at, e);
}

void timer_queue::sift_down(std::size_t at, const entry& e) noexcept {
  for (;;) {
    const std::size_t first = at * 4 + 1;
    if (first >= heap_.size()) break;
    const std::size_t end = std::min(first + 4, heap_.size());
    std::size_t least = first;
    for (std::size_t i = first + 1; i < end; ++i) {
      if (heap_[i].before(heap_[least])) least = i;
    }
    if (!heap_[least].before(e)) break;
    place(at, heap_[least]);
    at = least;
  }
  place(at, e);
}

void timer_queue::add(timer_node& node, time_point deadline) {
  node.due = deadline;
  if (node.role == timer_role::background) ++background_;
  const entry e{deadline, order_++, &node};
  heap_.push_back(e);
  sift_up(heap_.size() - 1, e);
}

time_point timer_queue::latest() const noexcept {
  if (heap_.empty()) return never;
  const auto latest = std::max_element(heap_.begin(), heap_.end(),
                                       [](const entry& a, const entry& b) { return a.deadline < b.deadline; });
  return latest->deadline;
}

void timer_queue::remove_at(std::size_t at) noexcept {
  if (heap_[at].node->role == timer_role::background) --background_;
  heap_[at].node->position = timer_node::not_queued;
  const entry last = heap_.back();
  heap_.pop_back();
  if (at == heap_.size()) return;
  if (at > 0 && last.before(heap_[(at - 1) / 4]) && !WEFT_PLANTED("loop.timer_heap_is_not_restored")) {
    sift_up(at, last);
  } else {
    sift_down(at, last);
  }
}

void timer_queue::cancel(timer_node& node) noexcept {
  if (node.queued()) remove_at(node.position);
}

std::size_t timer_queue::fire_due(time_point now) {
  std::size_t fired = 0;
  while (!heap_.empty() && heap_.front().deadline <= now) {
    timer_node& node = *heap_.front().node;
    remove_at(0);
    node.fire(node);
    ++fired;
  }
  return fired;
}

}  // namespace weft
