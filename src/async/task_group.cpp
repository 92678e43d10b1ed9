// SPDX-License-Identifier: BSL-1.0
#include <weft/async/task_group.hpp>

#include <weft/core/planted_fault.hpp>

namespace weft::detail {

void task_group::add(task_node& node) noexcept {
  node.group = this;
  node.next = first_;
  if (first_ != nullptr) first_->previous = &node;
  first_ = &node;
  ++size_;
}

void task_group::remove(task_node& node) noexcept {
  (node.previous != nullptr ? node.previous->next : first_) = node.next;
  if (node.next != nullptr) node.next->previous = node.previous;
  node.next = node.previous = nullptr;
  node.group = nullptr;
  if (--size_ == 0 && emptied != nullptr) emptied(*this);
}

void task_group::cancel_all() noexcept {
  // A cancelled task leaves the list, and unwinding it may end others: start over after each. One that stays is on the
  // caller's stack and was asked to stop.
  for (task_node* node = first_; node != nullptr;) {
    if (node->root->cancel_requested() ||
        (WEFT_PLANTED("loop.oldest_child_is_not_cancelled") && node->next == nullptr)) {
      node = node->next;
      continue;
    }
    node->root->cancel();
    node = first_;
  }
}

}  // namespace weft::detail
