// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>

#include <weft/async/future.hpp>
#include <weft/async/loop.hpp>
#include <weft/async/task_root.hpp>

namespace weft::detail {

/// Whose the awaited futures are: what was moved in is withdrawn when the wait is cancelled; what was lent stays
/// pending.
enum class members : std::uint8_t { owned, borrowed };

/// Suspends a coroutine until `needed` of a set of operations are done: one shared waiter, O(1) per completion. The set
/// is given by a function that calls back for each member, so that arrays, vectors and tuples of futures serve alike.
///
/// Cancelled, it withdraws the members that it owns; if that comes too late for `needed` of them, the wait has
/// succeeded after all, so that no message is lost.
template <class ForEach>
class group_awaiter : waiter, cancellation_point {
 public:
  group_awaiter(loop& on, ForEach& for_each, std::size_t needed, members whose, const char* what,
                source_location where) noexcept
      : on_(on), for_each_(for_each), needed_(needed), missing_(needed), whose_(whose), what_(what), where_(where) {}
  group_awaiter(const group_awaiter&) = delete;
  group_awaiter& operator=(const group_awaiter&) = delete;
  ~group_awaiter() {
    if (!coroutine_) return;
    leave();
    on_.unschedule(coroutine_);
  }

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
      withdraw_owned();
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
  void await_resume() {
    coroutine_ = nullptr;
    if (cancelled_) throw operation_cancelled(what_, where_);
  }

 private:
  void leave() {
    for_each_([this](operation& op) {
      if (op.current_waiter() == this) op.set_waiter(nullptr);
    });
    if (root_ != nullptr && root_->leaf == this) root_->leaf = nullptr;
  }
  void one_done() noexcept {
    if (--missing_ > 0) return;
    leave();
    on_.schedule(coroutine_, root_);
  }
  std::coroutine_handle<> give_up() noexcept {
    leave();
    withdraw_owned();
    return coroutine_;
  }
  void withdraw_owned() noexcept {
    std::size_t succeeded = 0;
    if (whose_ == members::owned) {
      for_each_([&succeeded](operation& op) {
        op.withdraw();
        succeeded += op.state() == operation_state::succeeded;
      });
    }
    cancelled_ = succeeded < needed_;
  }

  loop& on_;
  ForEach& for_each_;
  std::size_t needed_;
  std::size_t missing_;
  members whose_;
  const char* what_;
  source_location where_;
  std::coroutine_handle<> coroutine_;
  task_root* root_ = nullptr;
  bool cancelled_ = false;
};

/// Throws the first error among the members. The others stay unseen: they are reported with their futures.
template <class ForEach>
void throw_first_error(ForEach& for_each) {
  operation* failed = nullptr;
  for_each([&failed](operation& op) {
    if (failed == nullptr && op.state() != operation_state::succeeded) failed = &op;
  });
  if (failed != nullptr) failed->check();
}

}  // namespace weft::detail
