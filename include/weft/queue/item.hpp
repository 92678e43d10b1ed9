// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <utility>

#include <weft/async/loop.hpp>

namespace weft {

template <class T>
class work_queue;

namespace detail {

/// What becomes of an item when its holder lets go.
enum class item_end : unsigned char { done, failed, returned };

/// The queue as its items see it.
template <class T>
class item_owner {
 public:
  virtual void settle(T& value, item_end how) noexcept = 0;
  virtual bool cancelling() const noexcept = 0;

 protected:
  ~item_owner() = default;
};

}  // namespace detail

/// An item taken from a work queue: held, so that the queue does not count as drained, until it is destroyed or `done`
/// is called. Destroyed by an exception, it counts as failed; destroyed because its task is cancelled or the rank shuts
/// down, it goes back to the queue. Move-only; must not outlive its queue.
template <class T>
class item {
 public:
  item(item&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)), value_(std::move(other.value_)), taken_(true) {
    unwinding_ = std::uncaught_exceptions();
  }
  item& operator=(item&& other) noexcept {
    if (this == &other) return *this;
    settle();
    owner_ = std::exchange(other.owner_, nullptr);
    value_ = std::move(other.value_);
    taken_ = true;
    unwinding_ = std::uncaught_exceptions();
    return *this;
  }
  ~item() { settle(); }

  T& operator*() noexcept { return value_; }
  const T& operator*() const noexcept { return value_; }
  T* operator->() noexcept { return &value_; }
  const T* operator->() const noexcept { return &value_; }

  /// The work is done: the item is no longer held. Its value stays readable. Calling it again does nothing.
  void done() noexcept {
    if (owner_ != nullptr) std::exchange(owner_, nullptr)->settle(value_, detail::item_end::done);
  }

  /// For the queue: `taken` is false for an item that waits in a future, and goes back if nobody takes it out.
  item(detail::item_owner<T>& owner, T value, bool taken) noexcept
      : owner_(&owner), value_(std::move(value)), unwinding_(std::uncaught_exceptions()), taken_(taken) {}

 private:
  void settle() noexcept {
    if (owner_ == nullptr) return;
    auto how = detail::item_end::done;
    if (!taken_ || owner_->cancelling()) {
      how = detail::item_end::returned;
    } else if (std::uncaught_exceptions() > unwinding_) {
      how = detail::item_end::failed;
    }
    std::exchange(owner_, nullptr)->settle(value_, how);
  }

  detail::item_owner<T>* owner_;
  T value_;
  int unwinding_ = 0;
  bool taken_;
};

}  // namespace weft
