// SPDX-License-Identifier: BSL-1.0
#include <weft/async/task_root.hpp>

#include <utility>

#include <weft/async/loop.hpp>
#include <weft/async/task.hpp>
#include <weft/core/planted_fault.hpp>

namespace weft::detail {

void task_root::cancel() noexcept {
  if (cancel_requested_) return;
  cancel_requested_ = true;
  if (!started) {
    loop_->unschedule(*this);
    never_started(*this);
    return;
  }
  if (leaf != nullptr) {
    cancellation_point* point = std::exchange(leaf, nullptr);
    loop_->resume_now(point->abandon(*point), this);
    return;
  }
  if (queued && !WEFT_PLANTED("loop.a_ready_task_is_not_cancelled")) {
    WEFT_REACHED("loop.cancelled_when_it_was_ready");
    const std::coroutine_handle<> coroutine = loop_->unschedule(*this);
    loop_->resume_now(coroutine, this);
  }
}

std::coroutine_handle<> hand_over(std::coroutine_handle<> next, task_root* root) {
  if constexpr (has_tail_calls) return next;
  // A cancelled tree unwinds within the call of `cancel`: its depth bounds the stack.
  if (root != nullptr && root->cancel_requested()) return next;
  if (loop* on = loop::current(); on != nullptr) {
    on->schedule(next, root);
    return std::noop_coroutine();
  }
  return next;
}

}  // namespace weft::detail
