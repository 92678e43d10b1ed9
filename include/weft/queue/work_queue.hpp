// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weft/async/wait_list.hpp>
#include <weft/core/error.hpp>
#include <weft/port/context.hpp>
#include <weft/port/port.hpp>
#include <weft/queue/balance.hpp>
#include <weft/queue/item.hpp>
#include <weft/queue/poll_pacer.hpp>
#include <weft/queue/ring.hpp>

namespace weft {

/// In which order a rank takes its own items. Items that move to another rank are always the oldest.
enum class take_order : std::uint8_t {
  newest_first,  ///< depth first: memory grows with the depth of the work, caches stay warm
  oldest_first,  ///< in the order of arrival
};

struct queue_options {
  take_order order = take_order::newest_first;
};

/// What one rank did. Counts of items, except `requests`.
struct queue_stats {
  std::uint64_t put = 0;
  std::uint64_t taken = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::uint64_t returned = 0;  ///< went back to the queue: cancelled, shut down, or never taken out of a future
  std::uint64_t stolen = 0;    ///< came from other ranks
  std::uint64_t given = 0;     ///< left for other ranks
  std::uint64_t requests = 0;  ///< steal requests sent
};

/// What `work_queue::put` yields: `co_await q.put(x)` gives the queue the chance to hold the producer back. Today it
/// never does, and plain code may ignore it.
struct queue_put {
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  void await_resume() const noexcept {}
  void get() const noexcept {}
};

/// A distributed work queue: any rank puts, any rank gets, idle ranks steal from busy ones, and every `get` ends with an
/// empty optional when the queue is drained: every rank has closed, and no item is queued, in flight or held.
///
/// Constructing it is collective in order only (every rank, in the same order as other ports and queues); nothing is
/// sent. A rank that computes for long without awaiting calls `poll` now and then, so that others can steal from it.
/// An item is delivered to exactly one holder at a time; items of ranks that die are lost with the job.
///
/// T: anything that a message may carry (`docs/values.md`), nothrow-movable. A g++ 12 trap: `co_await q.put(T{...})`
/// with a braced aggregate that has a destructor destroys it twice; name the object first.
template <class T>
class work_queue final : detail::item_owner<T>, detail::balanced {
 public:
  using value_type = T;

  explicit work_queue(context& ctx, queue_options options = {}, source_location where = source_location::current())
      : ctx_(ctx),
        options_(options),
        where_(where),
        receive_{this},
        port_(ctx, receive_, port_options{.name = "work_queue", .protocol = true}),
        balance_(ctx, *this) {
    idle_.queue = this;
    ctx.loop().add_source(idle_);
  }
  /// Local. Waiting `get`s end with `operation_cancelled`; items that are still queued here are reported.
  ~work_queue() {
    ctx_.loop().remove_source(idle_);
    // An exception that passes through says more than the items that it left.
    if (!items_.empty() && std::uncaught_exceptions() == 0) report_left_items();
  }
  work_queue(const work_queue&) = delete;
  work_queue& operator=(const work_queue&) = delete;

  /// Adds an item. After `close` only legal while this rank holds an item; else throws `usage_error`.
  queue_put put(T value, source_location where = source_location::current()) {
    check_open(where);
    ++stats_.put;
    if (!waiting_.empty()) {
      hand_over(std::move(value));
      return {};
    }
    items_.push_back(std::move(value));
    if (balance_.wanted()) tell_balance();
    return {};
  }
  /// Adds the items of a range, in its order.
  template <class Iterator>
  queue_put put(Iterator first, Iterator last, source_location where = source_location::current()) {
    for (; first != last; ++first) put(*first, where);
    return {};
  }

  /// The next item, or nothing once the queue is drained. May be called on any number of tasks; first come, first
  /// served. Dropping the future gives an item back that had come to it.
  future<std::optional<item<T>>> get(source_location where = source_location::current()) {
    consuming_ = true;
    auto* op = detail::make_operation<get_operation>(ctx_.loop(), get_kind, where);
    if (!items_.empty()) {
      op->emplace(std::in_place, owner(), take(), false);
      op->succeed();
    } else if (balance_.is_drained()) {
      op->emplace();
      op->succeed();
    } else {
      waiting_.push(*op);
      balance_.step();
    }
    return future<std::optional<item<T>>>(op);
  }
  /// An item that is here now, or nothing (which does not mean drained).
  std::optional<item<T>> try_get() {
    consuming_ = true;
    std::optional<item<T>> got;
    if (!items_.empty()) got.emplace(owner(), take(), true);
    return got;
  }

  /// This rank adds nothing more, except while it holds an item. Every rank, once; a second time throws `usage_error`.
  void close(source_location where = source_location::current()) {
    if (closed_) throw usage_error("work_queue::close called twice on this rank", where);
    closed_ = true;
    balance_.step();
  }
  bool closed() const noexcept { return closed_; }
  /// True once the queue is drained on all ranks.
  bool drained() const noexcept { return balance_.is_drained(); }
  /// Serves other ranks from inside a computation; runs no user code. Meant to be called after every item, however short:
  /// most calls only count (see `detail::poll_pacer`).
  void poll() {
    if (pacer_.due()) poll_now();
  }

  std::size_t size() const noexcept { return items_.size(); }  ///< items queued on this rank
  std::size_t held() const noexcept { return held_; }          ///< items held on this rank
  queue_stats stats() const noexcept {
    queue_stats all = stats_;
    all.requests = balance_.requests();
    return all;
  }

 private:
  enum class kind : std::uint8_t { request, registration, answer, gift };
  struct message {
    kind what = kind::request;
    std::vector<T> items;
  };
  struct idle_source final : loop_source {
    bool poll() override { return false; }
    bool flush() override {
      queue->about_to_idle();
      return false;
    }
    work_queue* queue = nullptr;
  };
  struct receiver {
    work_queue* queue;
    void operator()(int source, message&& m) const { queue->on_message(source, std::move(m)); }
  };
  using get_operation = detail::queued_operation<std::optional<item<T>>>;
  static constexpr operation::type get_kind = get_operation::kind("work_queue::get");
  // What one steal moves at most: about a frame's worth of plain items, so that it goes as one eager message.
  static constexpr std::size_t most_moved = std::max<std::size_t>(1, 3840 / sizeof(T));

  void check_open(source_location where) const {
    if (closed_ && held_ == 0) {
      throw usage_error("work_queue::put after close on this rank, by a rank that holds no item", where);
    }
  }
  detail::item_owner<T>& owner() noexcept { return *this; }
  T take() noexcept {
    ++held_;
    ++stats_.taken;
    return options_.order == take_order::newest_first ? items_.pop_back() : items_.pop_front();
  }
  void hand_over(T value) {
    auto& op = static_cast<get_operation&>(*waiting_.front());
    waiting_.remove(op);
    ++held_;
    ++stats_.taken;
    op.emplace(std::in_place, owner(), std::move(value), false);
    op.succeed();
  }
  void serve_waiting() {
    while (!waiting_.empty() && !items_.empty()) {
      hand_over(options_.order == take_order::newest_first ? items_.pop_back() : items_.pop_front());
    }
  }

  // detail::item_owner
  void settle(T& value, detail::item_end how) noexcept override {
    --held_;
    if (how == detail::item_end::returned) {
      ++stats_.returned;
      items_.push_back(std::move(value));
      serve_waiting();
    } else {
      ++(how == detail::item_end::done ? stats_.done : stats_.failed);
    }
    if (balance_.wanted() || (held_ == 0 && items_.empty())) tell_balance();
  }
  bool cancelling() const noexcept override { return ctx_.loop().cancelling(); }

  // detail::balanced
  std::size_t queued() const noexcept override { return items_.size(); }
  bool hungry() const noexcept override { return !waiting_.empty() && items_.empty(); }
  bool settled() const noexcept override { return closed_ && items_.empty() && held_ == 0; }
  bool consuming() const noexcept override { return consuming_; }
  void send_request(int victim) override { port_.post(victim, message{kind::request, {}}); }
  void send_registration(int neighbour) override { port_.post(neighbour, message{kind::registration, {}}); }
  void send_items(int thief, std::size_t count, bool is_answer) override {
    message m{is_answer ? kind::answer : kind::gift, {}};
    count = std::min(count, most_moved);
    m.items.reserve(count);
    for (std::size_t i = 0; i < count; ++i) m.items.push_back(items_.pop_front());
    stats_.given += count;
    port_.post(thief, std::move(m));
  }
  void on_drained() override {
    while (!waiting_.empty()) {
      auto& op = static_cast<get_operation&>(*waiting_.front());
      waiting_.remove(op);
      op.emplace();
      op.succeed();
    }
  }

  void on_message(int source, message&& m) {
    switch (m.what) {
      case kind::request:
        balance_.on_request(source);
        return;
      case kind::registration:
        balance_.on_registration(source);
        return;
      case kind::answer:
      case kind::gift:
        stats_.stolen += m.items.size();
        for (T& value : m.items) items_.push_back(std::move(value));
        serve_waiting();
        balance_.on_items(source, m.items.size(), m.what == kind::answer);
        return;
    }
  }

  void tell_balance() {
    balance_.step();
    ctx_.loop().note_work();  // what it left is offered when the loop finds nothing to run
  }
  void poll_now() {
    const time_point before = ctx_.loop().now();
    ctx_.poll();
    balance_.offer();
    pacer_.polled(before, ctx_.loop().now());
  }
  void about_to_idle() {
    consuming_ = !waiting_.empty();  // whoever consumes here would have asked by now
    balance_.offer();
  }

  void report_left_items() noexcept {
    ctx_.loop().report(std::make_exception_ptr(usage_error("a work_queue was destroyed with " +
                                                           std::to_string(items_.size()) + " items still queued")),
                       "work_queue", where_);
  }

  context& ctx_;
  queue_options options_;
  source_location where_;
  detail::ring<T> items_;
  detail::wait_list waiting_;
  std::size_t held_ = 0;
  bool closed_ = false;
  bool consuming_ = false;
  queue_stats stats_;
  detail::poll_pacer pacer_;
  idle_source idle_;
  receiver receive_;
  port<message> port_;
  detail::balance balance_;
};

}  // namespace weft
