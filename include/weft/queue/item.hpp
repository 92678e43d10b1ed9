// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include <weft/async/loop.hpp>
#include <weft/core/error.hpp>
#include <weft/queue/carried.hpp>
#include <weft/queue/holders.hpp>
#include <weft/queue/pool.hpp>

namespace weft {

template <class T, class R>
class work_queue;

namespace detail {

/// What becomes of an item when its holder lets go.
enum class item_end : unsigned char { done, failed, returned };

/// What a dead letter says whose holder was left by an exception: it cannot be looked at while it unwinds the stack.
inline constexpr const char* unknown_failure = "an exception left the task that held the item";

}  // namespace detail

/// An item taken from a work queue: held, so that the queue does not count as drained, until it is destroyed or `done`
/// or `fail` is called. Destroyed by an exception, it counts as failed; destroyed because its task is cancelled or the
/// rank shuts down, it goes back to the queue. Move-only; must not outlive its queue.
template <class T, class R = void>
class item {
 public:
  item(item&& other) noexcept
      : holder_(std::exchange(other.holder_, nullptr)),
        unwinding_(std::uncaught_exceptions()),
        tag_(other.tag_),
        value_(std::move(other.value_)) {
    claim();
  }
  item& operator=(item&& other) noexcept {
    if (this == &other) return *this;
    settle();
    holder_ = std::exchange(other.holder_, nullptr);
    tag_ = other.tag_;
    value_ = std::move(other.value_);
    unwinding_ = std::uncaught_exceptions();
    claim();
    return *this;
  }
  ~item() { settle(); }

  using payload_type = typename detail::carried<T>::payload_type;  ///< T, or what a durable queue wraps
  payload_type& operator*() noexcept { return detail::carried<T>::payload(value_); }
  const payload_type& operator*() const noexcept { return detail::carried<T>::payload(value_); }
  payload_type* operator->() noexcept { return &**this; }
  const payload_type* operator->() const noexcept { return &**this; }

  /// The work is done: the item is no longer held. Its value stays readable. Calling it again does nothing. If it was
  /// submitted, and the queue's results are of a type, its producer is told that there was none.
  void done() noexcept {
    if (holder_ != nullptr) release().finish(value_, tag_, detail::item_end::done, {});
  }
  /// As `done`, and the result goes to the producer if it submitted the item.
  template <class Result>
  requires std::is_convertible_v<Result&&, R>
  void done(Result&& result) {
    if (holder_ == nullptr) return;
    if (tag_.submission != 0) queue().results_.send_value(tag_.submission, std::forward<Result>(result));
    tag_.submission = 0;
    done();
  }
  /// The work failed: the item is handed out again, or becomes a dead letter with this text.
  void fail(std::string text) noexcept {
    if (holder_ != nullptr) release().finish(value_, tag_, detail::item_end::failed, std::move(text));
  }
  void fail(const std::exception_ptr& error) { fail(text_of(error)); }
  /// It goes back to the queue, as if it had not been taken.
  void give_back() noexcept {
    if (holder_ != nullptr) release().finish(value_, tag_, detail::item_end::returned, {});
  }

  /// 1: nobody has failed at it yet. In a durable queue jobs before this one count as well: see `durable_queue`.
  unsigned attempt() const noexcept { return detail::carried<T>::earlier_attempts(value_) + tag_.failures + 1; }
  unsigned type() const noexcept { return tag_.type; }
  int priority() const noexcept { return tag_.priority; }

  /// Which item it is in all lives of a durable queue.
  auto id() const noexcept requires(detail::carried<T>::is_tracked) { return value_.header.id; }

  /// For the queue.
  item(detail::holder& who, detail::tagged_item<T>&& what) noexcept
      : holder_(&who), unwinding_(std::uncaught_exceptions()), tag_(what.tag), value_(std::move(what.value)) {}

 private:
  work_queue<T, R>& queue() const noexcept { return *static_cast<work_queue<T, R>*>(holder_->queue); }
  void claim() noexcept {
    if (holder_ != nullptr) holder_ = &queue().claim(*holder_, 1);
  }
  work_queue<T, R>& release() noexcept {
    work_queue<T, R>& from = queue();
    from.let_go(*std::exchange(holder_, nullptr), 1);
    return from;
  }
  void settle() noexcept {
    if (holder_ == nullptr) return;
    if (queue().goes_back(*holder_)) {
      give_back();
    } else if (std::uncaught_exceptions() > unwinding_) {
      fail(detail::unknown_failure);
    } else {
      done();
    }
  }

  detail::holder* holder_;
  int unwinding_;
  detail::item_tag tag_;
  T value_;
};

namespace detail {

/// Memory for the items of one batch; the queue keeps those that are free.
template <class T>
struct batch_buffer {
  explicit batch_buffer(std::size_t size) : values(std::allocator<T>().allocate(size)), capacity(size) {}
  batch_buffer(const batch_buffer&) = delete;
  batch_buffer& operator=(const batch_buffer&) = delete;
  ~batch_buffer() { std::allocator<T>().deallocate(values, capacity); }
  T* values;
  std::size_t capacity;
  std::unique_ptr<batch_buffer> next;
};

}  // namespace detail

/// Several items taken at once and held as one, until it is destroyed or `done` is called: what it costs to take and to
/// let go is paid once. Iterate over it once, in order: if an exception destroys it, the items before the current one
/// are done, the current one has failed, and the rest go back to the queue. Otherwise as `item`.
template <class T>
class item_batch {
 public:
  class iterator {
   public:
    typename detail::carried<T>::payload_type& operator*() const noexcept {
      return detail::carried<T>::payload(of_->buffer_->values[of_->at_]);
    }
    iterator& operator++() noexcept {
      ++of_->at_;
      return *this;
    }
    friend bool operator==(const iterator& a, const iterator& end) noexcept { return a.of_ == end.of_ && a.is_past(); }

   private:
    friend class item_batch;
    explicit iterator(item_batch* of) noexcept : of_(of) {}
    bool is_past() const noexcept { return of_->at_ == of_->count_; }
    item_batch* of_;
  };

  item_batch() = default;
  item_batch(item_batch&& other) noexcept
      : holder_(std::exchange(other.holder_, nullptr)),
        unwinding_(std::uncaught_exceptions()),
        count_(std::exchange(other.count_, 0)),
        at_(other.at_),
        tag_(other.tag_),
        buffer_(std::move(other.buffer_)) {
    if (holder_ != nullptr) holder_ = &queue().claim(*holder_, count_);
  }
  item_batch& operator=(item_batch&& other) noexcept {
    if (this == &other) return *this;
    settle();
    holder_ = std::exchange(other.holder_, nullptr);
    unwinding_ = std::uncaught_exceptions();
    count_ = std::exchange(other.count_, 0);
    at_ = other.at_;
    tag_ = other.tag_;
    buffer_ = std::move(other.buffer_);
    if (holder_ != nullptr) holder_ = &queue().claim(*holder_, count_);
    return *this;
  }
  ~item_batch() { settle(); }

  std::size_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  explicit operator bool() const noexcept { return count_ != 0; }
  iterator begin() noexcept { return iterator(this); }
  iterator end() noexcept { return iterator(this); }

  /// All of them are done, and their memory is given back: no item of it may be used any more.
  void done() noexcept {
    if (holder_ != nullptr) queue().finish(*this, count_, item_end::done);
  }

  /// For the queue.
  item_batch(detail::holder& who, std::unique_ptr<detail::batch_buffer<T>> buffer, std::size_t count,
             const detail::item_tag& tag) noexcept
      : holder_(&who), unwinding_(std::uncaught_exceptions()), count_(count), tag_(tag), buffer_(std::move(buffer)) {}

 private:
  using item_end = detail::item_end;
  friend class work_queue<T, void>;

  work_queue<T, void>& queue() const noexcept { return *static_cast<work_queue<T, void>*>(holder_->queue); }
  void settle() noexcept {
    if (holder_ == nullptr) return;
    if (queue().goes_back(*holder_)) {
      queue().finish(*this, 0, item_end::returned);
    } else if (std::uncaught_exceptions() > unwinding_) {
      queue().finish(*this, at_, item_end::failed);
    } else {
      done();
    }
  }

  detail::holder* holder_ = nullptr;
  int unwinding_ = 0;
  std::size_t count_ = 0;
  std::size_t at_ = 0;
  detail::item_tag tag_;  // of the only item, if it is not plain
  std::unique_ptr<detail::batch_buffer<T>> buffer_;
};

}  // namespace weft
