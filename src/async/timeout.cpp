// SPDX-License-Identifier: BSL-1.0
#include <weft/async/timeout.hpp>

#include <weft/core/error.hpp>

namespace weft::detail {

bool deadline_awaiter::suspend(std::coroutine_handle<> coroutine, task_root* root) {
  if (root != nullptr && root->cancel_requested()) {
    cancelled_ = true;
    return false;
  }
  coroutine_ = coroutine;
  root_ = root;
  notify = [](waiter& self) noexcept { static_cast<deadline_awaiter&>(self).wake(); };
  fire = [](timer_node& self) noexcept { static_cast<deadline_awaiter&>(self).wake(); };
  abandon = [](cancellation_point& self) noexcept {
    auto& me = static_cast<deadline_awaiter&>(self);
    me.leave();
    me.cancelled_ = true;
    return me.coroutine_;
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

void deadline_awaiter::wake() noexcept {
  leave();
  if (root_ != nullptr) root_->queued = coroutine_;
  op_.on().schedule(coroutine_, root_);
}

void deadline_awaiter::await_resume() const {
  if (cancelled_) throw operation_cancelled(op_.kind().name, op_.where());
}

void expire(operation& op, source_location where) {
  if (op.done() || op.withdraw() == withdrawal::too_late) return;
  throw timed_out(op.kind().name, where);
}

}  // namespace weft::detail
