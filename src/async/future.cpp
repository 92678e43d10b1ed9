// SPDX-License-Identifier: BSL-1.0
#include <weft/async/future.hpp>

namespace weft::detail {

bool operation_awaiter::suspend(std::coroutine_handle<> coroutine, task_root* root) noexcept {
  if (root != nullptr && root->cancel_requested()) {
    op_.withdraw();
    cancelled_ = !op_.done();
    return false;
  }
  coroutine_ = coroutine;
  root_ = root;
  notify = resume;
  op_.set_owning_waiter(this);
  owns_ = true;
  if (root != nullptr) {
    cancellation_point::abandon = operation_awaiter::abandon;
    root->leaf = this;
  }
  return true;
}

void operation_awaiter::resume(waiter& self) noexcept {
  auto& me = static_cast<operation_awaiter&>(self);
  if (me.root_ != nullptr) me.root_->leaf = nullptr;
  me.op_.on().schedule(me.coroutine_, me.root_);
}

void operation_awaiter::leave() noexcept {
  if (op_.current_waiter() == this) {
    op_.set_waiter(nullptr);
    if (root_ != nullptr) root_->leaf = nullptr;
  } else {
    op_.on().unschedule(coroutine_);
  }
}

std::coroutine_handle<> operation_awaiter::abandon(cancellation_point& self) noexcept {
  auto& me = static_cast<operation_awaiter&>(self);
  me.op_.set_waiter(nullptr);
  me.op_.withdraw();
  me.cancelled_ = !me.op_.done();
  return me.coroutine_;
}

}  // namespace weft::detail
