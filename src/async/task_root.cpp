// SPDX-License-Identifier: BSL-1.0
#include <weft/async/task_root.hpp>

#include <utility>

#include <weft/async/loop.hpp>
#include <weft/async/task.hpp>

namespace weft::detail {

void task_root::cancel() noexcept {
  if (cancel_requested_) return;
  cancel_requested_ = true;
  if (!started) {
    loop_->unschedule(queued);
    never_started(*this);
    return;
  }
  if (leaf != nullptr) {
    cancellation_point* point = std::exchange(leaf, nullptr);
    loop_->resume_now(point->abandon(*point), this);
    return;
  }
  if (queued) {
    std::coroutine_handle<> coroutine = std::exchange(queued, nullptr);
    loop_->unschedule(coroutine);
    loop_->resume_now(coroutine, this);
  }
}

std::coroutine_handle<> hand_over(std::coroutine_handle<> next, task_root* root) {
  if constexpr (has_tail_calls) return next;
  if (loop* on = loop::current(); on != nullptr) {
    if (root != nullptr) root->queued = next;
    on->schedule(next, root);
    return std::noop_coroutine();
  }
  return next;
}

}  // namespace weft::detail
