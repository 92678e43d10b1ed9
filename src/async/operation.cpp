// SPDX-License-Identifier: BSL-1.0
#include <weft/async/operation.hpp>

#include <weft/async/loop.hpp>
#include <weft/core/error.hpp>

namespace weft {

void operation::link() noexcept {
  loop& on = *loop_;
  previous_ = on.last_pending_;
  (previous_ != nullptr ? previous_->next_ : on.first_pending_) = this;
  on.last_pending_ = this;
  ++on.pending_count_;
  linked_ = true;
  on.note_call(kind_->name, where_);
}

void operation::unlink() noexcept {
  loop& on = *loop_;
  (previous_ != nullptr ? previous_->next_ : on.first_pending_) = next_;
  (next_ != nullptr ? next_->previous_ : on.last_pending_) = previous_;
  next_ = previous_ = nullptr;
  --on.pending_count_;
  linked_ = false;
}

void operation::finish(operation_state state) noexcept {
  state_ = state;
  if (linked_) [[likely]]
    unlink();
  if (owners_ == 0) {  // parked: nobody is left to tell
    owners_ = 1;
    release_owner();
    return;
  }
  if (waiter* who = std::exchange(waiter_, nullptr); who != nullptr) who->notify(*who);
}

void operation::throw_error() {
  seen_ = true;
  if (state_ == operation_state::cancelled) throw operation_cancelled(kind_->name, where_);
  std::rethrow_exception(error_);
}

void operation::drop_slowly() noexcept {
  future_gone_ = true;
  if (waiter_ != nullptr && !waiter_owns_) {  // it would look at the future that is gone
    loop_->report(nullptr, "a future was destroyed while when_all, when_any or with_timeout wait for it", where_);
    std::terminate();
  }
  if (!done()) {
    switch (kind_->on_drop) {
      case drop_policy::withdraw:
        if (withdraw() == withdrawal::impossible) {
          --owners_;
          return;
        }
        break;
      case drop_policy::park:
        --owners_;
        return;
      case drop_policy::hold:
        loop_->hold_until_done(*this);
        break;
      case drop_policy::detach:
        break;
    }
  }
  release_owner();
}

void operation::wait_to_the_end(const char* call, source_location where) {
  try {
    loop_->wait(*this, call, where);
  } catch (...) {
    if (withdraw() == withdrawal::impossible) loop_->hold_until_done(*this);
    throw;
  }
}

void operation::release_owner() noexcept {
  if (--owners_ > 0) return;
  if (has_unseen_error()) {
    seen_ = true;
    loop_->report(error_, kind_->name, where_);
  }
  kind_->destroy(*this);
}

namespace detail {
void never_completed(operation&, const completion&) noexcept { std::terminate(); }
}  // namespace detail

}  // namespace weft
