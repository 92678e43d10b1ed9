// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <weft/async/task.hpp>
#include <weft/port/context.hpp>
#include <weft/port/port.hpp>
#include <weft/queue/activity_clock.hpp>
#include <weft/queue/balance.hpp>
#include <weft/queue/carried.hpp>
#include <weft/queue/delayed.hpp>
#include <weft/queue/holders.hpp>
#include <weft/queue/item.hpp>
#include <weft/queue/options.hpp>
#include <weft/queue/poll_pacer.hpp>
#include <weft/queue/pool.hpp>
#include <weft/queue/queue_message.hpp>
#include <weft/queue/results.hpp>
#include <weft/queue/stats.hpp>
#include <weft/queue/waits.hpp>

namespace weft {

namespace detail {
[[noreturn]] void throw_put_after_close(source_location where);
[[noreturn]] void throw_queue_full(std::size_t bytes, std::size_t limit, source_location where);
void check_options(const put_options& how, int ranks, source_location where);
}  // namespace detail

/// A distributed work queue: any rank puts, any rank gets, idle ranks steal from busy ones, and every `get` ends with
/// an empty optional when the queue is drained: every rank has closed, and no item is queued, delayed, in flight or
/// held.
///
/// Constructing it is collective in order only (every rank, in the same order as other ports and queues); nothing is
/// sent. A rank that computes for long without awaiting calls `poll` now and then, so that others can steal from it.
/// An item is delivered to exactly one holder at a time; items of ranks that die are lost with the job.
///
/// T: anything that a message may carry (`docs/values.md`), nothrow-movable and default constructible. R: what
/// consumers answer to the producer of a submitted item. A g++ 12 trap: `co_await q.put(T{...})` with a braced
/// aggregate that has a destructor destroys it twice; name the object first.
template <class T, class R = void>
class work_queue final : detail::balanced {
 public:
  using value_type = T;
  using result_type = R;
  using item_type = item<T, R>;

  explicit work_queue(context& ctx, queue_options options = {}, source_location where = source_location::current());
  /// Local. Waiting `get`s and results end with `operation_cancelled`; items still queued here are reported, and dead
  /// letters that nobody looked at.
  ~work_queue();
  work_queue(const work_queue&) = delete;
  work_queue& operator=(const work_queue&) = delete;

  // --- producing -----------------------------------------------------------------------------------------------------
  /// Adds an item, at once. After `close` only legal while this rank holds an item; else throws `usage_error`. After
  /// `cancel` the item is dropped.
  ///
  /// Awaiting what it returns holds the producer back while this rank has more than its capacity queued, but only if
  /// some rank has called `get`, and only if neither its task nor a task that started it holds an item of this queue: a
  /// put made while holding never waits. One that does not wait throws `queue_full` past the hard limit of bytes.
  queue_put put(T value, source_location where = source_location::current()) {
    prepare_put(1, where);
    pool_.push(std::move(value));
    return after_put(where);
  }
  queue_put put(T value, const put_options& how, source_location where = source_location::current());
  /// Adds the items of a range, in its order.
  template <class Iterator>
  queue_put put(Iterator first, Iterator last, source_location where = source_location::current()) {
    const auto count = static_cast<std::size_t>(std::distance(first, last));
    prepare_put(count, where);
    if constexpr (pool::is_bare && std::contiguous_iterator<Iterator>) {
      pool_.push(std::to_address(first), count);
    } else {
      for (; first != last; ++first) pool_.push(*first);
    }
    return after_put(where);
  }
  /// Adds `count` items that `write(std::span<T>)` writes where they will lie, in their order. `write` must not use the
  /// queue.
  template <class Write>
  requires(detail::item_pool<T>::is_bare) queue_put
      put_in_place(std::size_t count, Write&& write, source_location where = source_location::current()) {
    prepare_put(count, where);
    if (T* room = pool_.room(count); room != nullptr) {
      write(std::span<T>(room, count));
      pool_.extend(count);
    } else {
      write_aside(count, write);
    }
    return after_put(where);
  }
  /// Adds an item whose consumer's `done(result)` comes back. If its holder throws for the last time, the future fails
  /// with `item_failed`. Dropping or cancelling the future cancels the item: it is taken out of the queue if it is
  /// still queued (on another rank, if the order to do so meets it there); if it is held, its result is dropped.
  future<R> submit(T value, const put_options& how = {}, source_location where = source_location::current());

  /// This rank adds nothing more, except while it holds an item. Every rank, once; a second time throws `usage_error`.
  void close(source_location where = source_location::current());
  bool closed() const noexcept { return closed_; }

  // --- consuming -----------------------------------------------------------------------------------------------------
  /// The next item of these types, or nothing once the queue is drained. May be called on any number of tasks; first
  /// come, first served. Dropping the future gives an item back that had come to it. With a deadline:
  /// `with_deadline(q.get(), when)`, which withdraws it.
  future<std::optional<item_type>> get(type_set types = {}, source_location where = source_location::current());
  /// An item that is here now, or nothing (which does not mean drained).
  std::optional<item_type> try_get(type_set types = {}) {
    std::optional<item_type> got;
    note_consumer(types.bits);
    if (pool_.has(types.bits)) got.emplace(begin_hold(1), take(types.bits));
    return got;
  }
  /// Up to `most` items at once, as soon as there is one; an empty batch once the queue is drained. Items that are not
  /// plain (with options, or tried before) come alone.
  future<item_batch<T>> get_n(std::size_t most, type_set types = {},
                              source_location where = source_location::current()) requires std::is_void_v<R>;
  item_batch<T> try_get_n(std::size_t most, type_set types = {}) requires std::is_void_v<R> {
    note_consumer(types.bits);
    if (most == 0 || !pool_.has(types.bits)) return {};
    return take_batch(most, types.bits, holders_.of(ctx_.loop().current_root()));
  }
  /// Gets items until the queue is drained and hands each to `body(T&)`, a callable that returns `task<R>`: what it
  /// returns is the result, and an exception that leaves it makes the item fail with its text.
  template <class Body>
  task<> serve(Body& body, type_set types = {}, source_location where = source_location::current());

  /// Serves other ranks from inside a computation; runs no user code. For after every item, however short: most calls
  /// only count (see `detail::poll_pacer`).
  void poll() {
    if (pacer_.due()) serve_others();
  }
  /// Hands the items that are queued here, and those that are put here, on to other ranks, and asks for none until
  /// `join`: for a rank that consumes nothing for a while. What only this rank may take stays, and is all that `get`
  /// finds here.
  void leave(source_location where = source_location::current());
  void join() {
    if (balance_.is_away()) balance_.join();
  }

  // --- ending --------------------------------------------------------------------------------------------------------
  /// True once the queue is drained on all ranks.
  bool drained() const noexcept { return balance_.is_drained(); }
  /// From any rank: drops every queued item on every rank, closes the queue there, and ends every `get` with nothing.
  /// Items that are held go on until their holders let go (`cancelled()` tells them); what they put is dropped. Results
  /// that have not come end with `operation_cancelled`.
  void cancel();
  bool cancelled() const noexcept { return cancelled_; }
  /// Takes the dead letters of this rank.
  std::vector<dead_letter<T>> take_dead_letters() { return std::exchange(dead_, {}); }
  /// Collective, after the queue is drained: combines what each rank made of its results, by `operation`, on all ranks.
  template <class V, class Operation>
  auto reduce(const V& mine, Operation operation) {
    return ctx_.world().iallreduce(mine, operation);
  }

  // --- what it did ---------------------------------------------------------------------------------------------------
  std::size_t size() const noexcept { return pool_.size() + delayed_.size(); }  ///< items queued on this rank
  std::size_t bytes() const noexcept { return pool_.bytes(); }                  ///< of them, without the delayed ones
  std::size_t held() const noexcept { return held_; }                           ///< items held on this rank
  queue_stats stats() const noexcept;
  /// What went to and came from each other rank that had to do with this one.
  const std::unordered_map<int, queue_flow>& flows() const noexcept { return flows_; }

  // --- for a queue that is built on this one -------------------------------------------------------------------------
  /// Something outside belongs to this queue: it is not drained, and may be put into, before as many `let_end`.
  void keep_open(std::size_t count) noexcept { kept_open_ += count; }
  void let_end(std::size_t count) {
    kept_open_ -= count;
    if (kept_open_ == 0) after_let_go();
  }
  /// Puts for that rank, whether this one has closed or not, and asks nobody to wait. Runs no user code.
  void add(T value, const detail::item_tag& tag, int rank);
  void added() {  ///< after one or several `add`
    if (!waiting_.empty() || balance_.wanted() || cancelled_) distribute();
    ctx_.loop().note_work();
  }
  /// Whether this put need not wait for room: see `put`.
  bool is_exempt(const detail::putter& who) const noexcept { return !consumers_known() || may_go(who); }
  /// Throws as `put` does if so many bytes more cannot be put here now.
  void check_room(std::size_t bytes, source_location where) const;
  detail::item_tag tag_for(const put_options& how, source_location where) const;
  /// Of items put for other ranks: those that they have not let in yet.
  std::size_t on_their_way() const noexcept { return on_their_way_; }
  /// Told of what is done. From then on a result does not come to its producer before the listener has settled it, and
  /// whoever gives a result up gives up nothing else.
  void set_done_listener(detail::done_listener<T>* listener) noexcept requires(detail::carried<T>::is_tracked) {
    done_listener_ = listener;
    results_.await_settlement();
  }
  detail::submissions<R>& results() noexcept { return results_; }

 private:
  friend item_type;
  friend item_batch<T>;
  using pool = detail::item_pool<T>;
  using kind = detail::queue_message_kind;
  using message = detail::queue_message<T>;
  struct source final : loop_source {
    bool poll() override { return false; }
    bool run() override { return queue->take_due(); }
    bool flush() override {
      queue->about_to_idle();
      return false;
    }
    work_queue* queue = nullptr;
  };
  struct receiver {
    work_queue* queue;
    void operator()(int from, message&& m) const { queue->on_message(from, std::move(m)); }
  };
  using activity = detail::activity_clock::activity;
  using get_operation = detail::queued_operation<std::optional<item_type>, detail::taker>;
  using batch_operation = detail::queued_operation<item_batch<T>, detail::taker>;
  using done_operation = detail::promised_operation<void>;
  static constexpr operation::type get_kind = get_operation::kind("work_queue::get");
  static constexpr operation::type batch_kind = batch_operation::kind("work_queue::get_n");
  static constexpr operation::type put_kind = detail::put_operation::kind("work_queue::put");
  // What one steal moves at most: a frame's worth, so that it goes as one eager message.
  static constexpr std::size_t most_moved_bytes = 3840;
  static constexpr std::size_t smallest_buffer = 64;
  static constexpr std::size_t push_window = 1024;  // items put for one other rank that it has not let in yet

  // Producing (queue/produce.hpp).
  void prepare_put(std::size_t count, source_location where) {
    if (closed_ || cancelled_ || pool_.size() >= soft_items_) [[unlikely]]
      check_put(count, where);
    stats_.put += count;
  }
  queue_put after_put(source_location where) {
    if (!waiting_.empty() || balance_.wanted() || cancelled_) [[unlikely]]
      distribute();
    if (pacer_.due()) [[unlikely]]
      poll_now();
    if (pool_.size() > soft_items_ || pool_.bytes() > options_.capacity_bytes) [[unlikely]]
      return hold_back(-1, where);
    return {always_done_, false};
  }
  void check_put(std::size_t count, source_location where);
  template <class Write>
  void write_aside(std::size_t count, Write& write);
  void distribute();
  queue_put hold_back(int target, source_location where);
  bool is_full() const noexcept { return pool_.size() > soft_items_ || pool_.bytes() > options_.capacity_bytes; }
  bool has_room_again() const noexcept {
    return pool_.size() <= soft_items_ / 2 && pool_.bytes() <= options_.capacity_bytes / 2;
  }
  bool consumers_known() const noexcept { return has_consumed_ || balance_.was_asked(); }
  void let_producers_go();
  bool may_go(const detail::putter& who) const noexcept;
  int let_in(detail::tagged_item<T>&& one, const put_options& how);
  void place(detail::tagged_item<T>&& one, int rank);
  bool take_due();

  // Consuming (queue/consume.hpp).
  void note_consumer(std::uint64_t types) noexcept {
    has_consumed_ = true;
    consumed_types_ |= types;
  }
  detail::holder& begin_hold(std::size_t count) { return begin_hold(count, holders_.of(ctx_.loop().current_root())); }
  detail::holder& begin_hold(std::size_t count, detail::holder& who) noexcept {
    if (pool_.size() > most_queued_) note_high_water();
    held_ += count;
    who.held += count;
    stats_.taken += count;
    return who;
  }
  detail::tagged_item<T> take(std::uint64_t types);
  item_batch<T> take_batch(std::size_t most, std::uint64_t types, detail::holder& who);
  std::unique_ptr<detail::batch_buffer<T>> buffer_for(std::size_t count);
  void after_take();
  void serve_waiting();
  void wait_for_items(detail::taker& waiting, type_set types);
  detail::holder& claim(detail::holder& who, std::size_t count) noexcept;
  void let_go(detail::holder& who, std::size_t count) noexcept {
    who.held -= count;
    held_ -= count;
  }
  bool goes_back(const detail::holder& who) const noexcept {
    return !holders_.is_claimed(who) || ctx_.loop().cancelling();
  }
  void finish(T& value, const detail::item_tag& tag, detail::item_end how, std::string text) noexcept;
  void finish(item_batch<T>& batch, std::size_t done, detail::item_end how) noexcept;
  void fail(T&& value, detail::item_tag tag, std::string text);
  void give_back(T&& value, const detail::item_tag& tag);
  void after_let_go() {
    if (balance_.wanted() || (held_ == 0 && pool_.empty())) [[unlikely]]
      tell_balance();
  }
  void tell_balance();

  // Results (queue/consume.hpp).
  static bool give_up(void* self, std::uint64_t submission) noexcept;
  bool drop_submission(std::uint64_t submission);

  // The protocol (queue/protocol.hpp).
  std::size_t available(std::uint64_t types, placement nearness) const noexcept override;
  std::uint64_t wanted_types() const noexcept override;
  bool settled() const noexcept override {
    return (closed_ || cancelled_) && pool_.empty() && held_ == 0 && kept_open_ == 0 &&
           (delayed_.empty() || WEFT_PLANTED("termination.delayed_items_do_not_count"));
  }
  std::uint64_t consumed_types() const noexcept override { return consumed_types_; }
  void send_request(int victim, std::uint64_t types, bool is_ahead) override;
  void send_registration(int neighbour, std::uint64_t types, int tree) override;
  std::size_t send_items(int to, std::size_t count, std::uint64_t types, placement nearness, bool is_answer,
                         int hint, const detail::supply& richest) override;
  void send_presence(bool away) override;
  void on_drained() override {
    port_.retire();  // a rank that has joined the last wave may still ask for work
    end_waiting();
  }
  void end_waiting();
  void on_message(int from, message&& m);
  void on_pushed(int from, message&& m);
  void take_in(message& m);
  void post(int to, message&& m) {
    m.wave = balance_.waves();
    port_.post(to, std::move(m));
  }
  void post(int to, kind what, std::uint64_t number = 0, std::int32_t hint = -1) {
    post(to, message{what, hint, number, {}, {}, 0});
  }
  void grant_credits();
  void send_to_others(kind what, std::uint64_t number);
  void drop_everything();
  void poll_now();
  void serve_others();
  void about_to_idle();
  void look_ahead();
  void note_high_water() noexcept;
  void report_left_items() noexcept;

  context& ctx_;
  queue_options options_;
  source_location where_;
  std::size_t soft_items_;
  pool pool_;
  detail::delayed_items<detail::placed_item<T>> delayed_;
  detail::wait_list waiting_;    // takers
  detail::wait_list held_back_;  // putters that wait for room here
  detail::wait_list pushing_;    // putters that wait for credit of another rank
  detail::holder_table holders_;
  std::size_t held_ = 0;
  std::size_t kept_open_ = 0;
  detail::done_listener<T>* done_listener_ = nullptr;  // of tracked values
  std::size_t most_queued_ = 0;
  bool closed_ = false;
  bool cancelled_ = false;
  bool has_long_ = false;             // the item that was taken last is long
  bool has_consumed_ = false;         // somebody here has ever asked for items
  std::uint64_t consumed_types_ = 0;  // what somebody here has asked for since the loop was last idle
  std::uint64_t next_types_ = 0;      // what somebody here will ask for next, by what was asked for last
  detail::activity_clock activity_;
  queue_stats stats_;
  detail::poll_pacer pacer_;
  done_operation* always_done_;
  std::unique_ptr<detail::batch_buffer<T>> free_buffers_;
  std::vector<dead_letter<T>> dead_;
  std::unordered_map<int, queue_flow> flows_;
  std::unordered_map<int, std::size_t> unacknowledged_;  // items put for another rank
  std::size_t on_their_way_ = 0;                         // the sum of those
  std::unordered_map<int, std::size_t> owed_;            // credits for items put here by another rank
  source source_;
  receiver receive_;
  port<message> port_;
  detail::submissions<R> results_;
  detail::balance balance_;
};

}  // namespace weft

#include <weft/queue/consume.hpp>
#include <weft/queue/produce.hpp>
#include <weft/queue/protocol.hpp>
