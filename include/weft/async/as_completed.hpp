// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <weft/async/future.hpp>
#include <weft/async/task_root.hpp>

namespace weft {

/// The futures of a vector in the order in which they are done: O(1) per completion, where a `when_any` in a loop looks
/// at all of them each time. The vector stays the caller's, must not change meanwhile, and outlives this object.
///
///     as_completed order(futures);
///     while (auto index = co_await order.next()) use(futures[*index].get());
template <class T>
class as_completed {
 public:
  explicit as_completed(std::vector<future<T>>& futures) : left_(futures.size()), members_(futures.size()) {
    done_.reserve(futures.size());
    for (std::size_t i = 0; i < futures.size(); ++i) {
      operation* op = futures[i].state();
      loop_ = &op->on();
      if (op->done()) {
        done_.push_back(i);
        continue;
      }
      members_[i].owner = this;
      members_[i].op = op;
      members_[i].notify = [](waiter& self) noexcept {
        auto& m = static_cast<member&>(self);
        m.op = nullptr;
        m.owner->add(static_cast<std::size_t>(&m - m.owner->members_.data()));
      };
      op->set_waiter(&members_[i]);
    }
  }
  ~as_completed() {
    for (member& m : members_) {
      if (m.op != nullptr) m.op->set_waiter(nullptr);
    }
  }
  as_completed(const as_completed&) = delete;
  as_completed& operator=(const as_completed&) = delete;

  /// The index of the next future that is done; nothing when every index was handed out. One wait at a time.
  auto next() noexcept { return next_awaiter{*this}; }
  /// Futures whose index was not handed out.
  std::size_t left() const noexcept { return left_; }

 private:
  struct member : waiter {
    as_completed* owner = nullptr;
    operation* op = nullptr;
  };
  struct next_awaiter : detail::cancellation_point {
    explicit next_awaiter(as_completed& from) noexcept : owner(from) {}
    bool await_ready() const noexcept { return owner.left_ == 0 || owner.taken_ < owner.done_.size(); }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> suspended) noexcept {
      root = detail::root_of(suspended.promise());
      if (root != nullptr && root->cancel_requested()) {
        cancelled = true;
        return false;
      }
      coroutine = suspended;
      abandon = [](detail::cancellation_point& self) noexcept {
        auto& me = static_cast<next_awaiter&>(self);
        me.owner.waiting_ = nullptr;
        me.cancelled = true;
        return me.coroutine;
      };
      if (root != nullptr) root->leaf = this;
      owner.waiting_ = this;
      return true;
    }
    std::optional<std::size_t> await_resume() {
      if (cancelled) throw operation_cancelled("as_completed");
      if (owner.left_ == 0) return std::nullopt;
      --owner.left_;
      return owner.done_[owner.taken_++];
    }
    as_completed& owner;
    std::coroutine_handle<> coroutine;
    detail::task_root* root = nullptr;
    bool cancelled = false;
  };

  void add(std::size_t index) noexcept {
    done_.push_back(index);  // reserved: never allocates
    if (waiting_ == nullptr) return;
    next_awaiter& who = *std::exchange(waiting_, nullptr);
    if (who.root != nullptr) {
      who.root->leaf = nullptr;
      who.root->queued = who.coroutine;
    }
    loop_->schedule(who.coroutine, who.root);
  }

  std::size_t left_;
  std::size_t taken_ = 0;
  std::vector<member> members_;
  std::vector<std::size_t> done_;
  next_awaiter* waiting_ = nullptr;
  loop* loop_ = nullptr;
};

}  // namespace weft
