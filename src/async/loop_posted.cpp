// SPDX-License-Identifier: BSL-1.0
// Functions that other threads hand to the loop.
#include <weft/async/loop.hpp>

namespace weft {

void loop::push_posted(posted_base* call) noexcept {
  posted_base* head = posted_.load(std::memory_order_relaxed);
  do {
    call->next = head;
  } while (!posted_.compare_exchange_weak(head, call, std::memory_order_release, std::memory_order_relaxed));
  // Only the first of a batch needs to wake the loop: it takes them all.
  if (head == nullptr) host_.wake();
}

void loop::take_posted() noexcept {
  if (posted_.load(std::memory_order_relaxed) == nullptr) return;
  posted_base* newest = posted_.exchange(nullptr, std::memory_order_acquire);
  posted_base* last = newest;
  posted_base* oldest = nullptr;
  while (newest != nullptr) {
    posted_base* next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  (inbox_ != nullptr ? inbox_end_->next : inbox_) = oldest;
  inbox_end_ = last;
}

bool loop::run_posted() {
  take_posted();
  if (inbox_ == nullptr) return false;
  for (int i = 0; i < run_budget && inbox_ != nullptr; ++i) {
    std::unique_ptr<posted_base> call(inbox_);
    inbox_ = inbox_->next;
    run_user([&call] { call->run(); }, "posted function", call->where);
  }
  return true;
}

}  // namespace weft
