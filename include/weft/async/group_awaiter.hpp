// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>

#include <weft/async/future.hpp>
#include <weft/async/loop.hpp>
#include <weft/async/task_root.hpp>

namespace weft::detail {

/// Suspends a coroutine until `needed` of a set of operations are done: one shared waiter, O(1) per completion. The set is
/// given by a function that calls back for each member, so that arrays, vectors and tuples of futures serve alike.
template <class ForEach>
class group_awaiter : waiter, cancellation_point {
 public:
  group_awaiter(loop& on, ForEach& for_each, std::size_t needed, const char* what, source_location where) noexcept
      : on_(on), for_each_(for_each), missing_(needed), what_(what), where_(where) {}
  group_awaiter(const group_awaiter&) = delete;
  group_awaiter& operator=(const group_awaiter&) = delete;

  bool await_ready() {
    std::size_t done = 0;
    for_each_([&done](operation& op) { done += op.done(); });
    if (done >= missing_) return true;
    missing_ -= done;
    return false;
  }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> coroutine) {
    root_ = root_of(coroutine.promise());
    if (root_ != nullptr && root_->cancel_requested()) {
      cancelled_ = true;
      return false;
    }
    coroutine_ = coroutine;
    notify = [](waiter& self) noexcept { static_cast<group_awaiter&>(self).one_done(); };
    abandon = [](cancellation_point& self) noexcept { return static_cast<group_awaiter&>(self).give_up(); };
    for_each_([this](operation& op) {
      if (!op.done()) op.set_waiter(this);
    });
    if (root_ != nullptr) root_->leaf = this;
    return true;
  }
  void await_resume() const {
    if (cancelled_) throw operation_cancelled(what_, where_);
  }

 private:
  void leave() {
    for_each_([](operation& op) { op.set_waiter(nullptr); });
    if (root_ != nullptr) root_->leaf = nullptr;
  }
  void one_done() noexcept {
    if (--missing_ > 0) return;
    leave();
    if (root_ != nullptr) root_->queued = coroutine_;
    on_.schedule(coroutine_, root_);
  }
  std::coroutine_handle<> give_up() noexcept {
    leave();
    cancelled_ = true;
    return coroutine_;
  }

  loop& on_;
  ForEach& for_each_;
  std::size_t missing_;
  const char* what_;
  source_location where_;
  std::coroutine_handle<> coroutine_;
  task_root* root_ = nullptr;
  bool cancelled_ = false;
};

/// Throws the first error among the members, marking the others as seen by their own futures' owners only.
template <class ForEach>
void throw_first_error(ForEach& for_each) {
  operation* failed = nullptr;
  for_each([&failed](operation& op) {
    if (failed == nullptr && op.state() != operation_state::succeeded) failed = &op;
  });
  if (failed != nullptr) failed->check();
}

}  // namespace weft::detail
