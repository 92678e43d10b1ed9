// SPDX-License-Identifier: BSL-1.0
#include <weft/async/wait_list.hpp>

namespace weft::detail {

wait_list::~wait_list() {
  while (first_ != nullptr) {
    queued_wait& wait = *first_;
    remove(wait);
    wait.abandon(wait);
  }
}

void wait_list::push(queued_wait& wait) noexcept {
  wait.list = this;
  wait.previous = last_;
  (last_ != nullptr ? last_->next : first_) = &wait;
  last_ = &wait;
}

void wait_list::remove(queued_wait& wait) noexcept {
  (wait.previous != nullptr ? wait.previous->next : first_) = wait.next;
  (wait.next != nullptr ? wait.next->previous : last_) = wait.previous;
  wait.next = wait.previous = nullptr;
  wait.list = nullptr;
}

}  // namespace weft::detail
