// SPDX-License-Identifier: BSL-1.0
#include <weft/async/timeout.hpp>

#include <utility>

#include <weft/core/error.hpp>
#include <weft/core/planted_fault.hpp>

namespace weft::detail {

bool deadline_awaiter::suspend(std::coroutine_handle<> coroutine, task_root* root) {
  if (root != nullptr && root->cancel_requested()) {
    op_.withdraw();
    cancelled_ = !op_.done();
    return false;
  }
  coroutine_ = coroutine;
  root_ = root;
  notify = [](waiter& self) noexcept { static_cast<deadline_awaiter&>(self).wake(); };
  fire = [](timer_node& self) noexcept { static_cast<deadline_awaiter&>(self).wake(); };
  abandon = [](cancellation_point& self) noexcept {
    auto& me = static_cast<deadline_awaiter&>(self);
    me.leave();
    me.op_.withdraw();  // too late: its value is not lost
    me.cancelled_ = !me.op_.done();
    return std::exchange(me.coroutine_, nullptr);
  };
  op_.on().timers().add(*this, until_);
  op_.set_waiter(this);
  if (root != nullptr) root->leaf = this;
  return true;
}

void deadline_awaiter::leave() noexcept {
  op_.set_waiter(nullptr);
  op_.on().timers().cancel(*this);
  if (root_ != nullptr) root_->leaf = nullptr;
}

void deadline_awaiter::give_up() noexcept {
  if (op_.current_waiter() == this) {
    leave();
  } else {
    op_.on().unschedule(coroutine_);
  }
}

void deadline_awaiter::wake() noexcept {
  leave();
  op_.on().schedule(coroutine_, root_);
}

void deadline_awaiter::await_resume() {
  coroutine_ = nullptr;
  if (cancelled_) throw operation_cancelled(op_.kind().name, op_.where());
}

void expire(operation& op, source_location where) {
  if (op.done() || (op.withdraw() == withdrawal::too_late && !WEFT_PLANTED("loop.timeout_beats_a_value"))) return;
  throw timed_out(op.kind().name, where);
}

}  // namespace weft::detail
