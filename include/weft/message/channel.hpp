// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/async/wait_list.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/message/channel_core.hpp>
#include <weft/message/channel_wait.hpp>
#include <weft/port/port.hpp>

namespace weft {

template <class T>
class channel_reader;
template <class T>
class channel_writer;

/// Items from any ranks and tasks to any others, each to one of them (Hoare, "Communicating Sequential Processes", CACM
/// 21(8), 1978). `co_await c.put(x)` in tasks, `c.put(x).get()` in plain code; `with_timeout` bounds either.
///
/// Without a capacity a put is ready when a get waits for its item; with one, when its item has a place among so many.
/// Items of one rank come in the order in which they were put, as long as one rank reads. Puts and gets that wait are
/// served in the order in which they reach the home rank.
///
/// Constructing one is collective in order only, as with a port, with the same options everywhere. The home rank serves
/// while its loop turns, or in `ctx.poll()`. A writer is lent credit for many items, so that a stream of them waits for
/// nobody; a reader at the home takes from its own memory.
///
/// Destroy it when no rank uses it any more (after a barrier or `ctx.quiescence()`); those that wait then get
/// `operation_cancelled`. T: anything that `docs/values.md` allows.
template <class T>
class channel final : detail::channel_core {
 public:
  using value_type = T;

  /// Throws `usage_error` for a home or reader that does not exist.
  explicit channel(context& ctx, channel_options options = {}, source_location where = source_location::current())
      : channel_core(ctx, options, where),
        items_(ctx, take_item{this}, {.name = "channel items", .protocol = true}, where),
        returns_(ctx, take_back{this}, {.name = "channel items that came back", .protocol = true}, where) {
    if constexpr (detail::packing<T>::is_fixed) note_item_bytes(sizeof(T));
  }
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;

  /// Ready when the channel has taken the item, or with `channel_closed`. A future that is dropped or times out before,
  /// or whose task is cancelled, has put nothing.
  future<void> put(T item, source_location where = source_location::current()) {
    if (!is_closed() && put_now(item)) [[likely]]
      return future<void>(&on().done_at_once());
    if (is_closed()) return refused(std::move(item), where);  // it may have become so while credit was looked for
    auto* waits = detail::make_operation<detail::channel_put<T>>(*this, on(), std::move(item), where);
    future<void> made(waits);
    enter(*waits);
    return made;
  }

  /// Ready with an item, or with nothing when the channel was closed and all its items were taken. A future that is
  /// dropped or times out before, or whose task is cancelled, has taken nothing. Throws `usage_error` on a rank that was
  /// not named as the reader.
  future<std::optional<T>> get(source_location where = source_location::current()) {
    std::optional<T> item;
    if (get_now(item, where)) [[likely]]
      return future<std::optional<T>>(
          detail::make_operation<detail::channel_get<T>>(on(), where, std::move(item)));
    auto* waits = detail::make_operation<detail::channel_get<T>>(*this, on(), where);
    future<std::optional<T>> made(waits);
    enter(*waits);
    return made;
  }

  /// No more puts, by any rank: those that wait, and those that come once their rank knows, end with `channel_closed`.
  /// What was put is still read; then every get is ready with nothing. From any rank, more than once does no harm.
  void close() { close_here(); }

  using channel_core::capacity;
  using channel_core::gets_queued;
  using channel_core::home;
  using channel_core::is_closed;
  using channel_core::on;
  using channel_core::puts_queued;
  using channel_core::stored;

  /// One end only, for those who are to have no more. They must not outlive the channel.
  channel_reader<T> reader() noexcept { return channel_reader<T>(*this); }
  channel_writer<T> writer() noexcept { return channel_writer<T>(*this); }

 private:
  template <class>
  friend struct detail::channel_get;
  template <class>
  friend struct detail::channel_put;
  template <class>
  friend class detail::choice_of;

  struct take_item {
    channel* self;
    void operator()(int source, T&& item) const { self->item_came(source, std::move(item)); }
  };
  struct take_back {
    channel* self;
    void operator()(int source, T&& item) const { self->item_came_back(source, std::move(item)); }
  };

  // --- putting ---------------------------------------------------------------------------------------------------------
  bool put_now(T& item) {
    if (!puts_.empty()) return false;
    if (is_home()) {
      if (!has_room()) return false;
      lay_down(std::move(item));
      settle();
      return true;
    }
    if (!use_credit() && !find_credit()) return false;
    items_.post(home(), std::move(item));
    return true;
  }
  future<void> refused(T&& item, source_location where) {
    auto* over = detail::make_operation<detail::channel_put<T>>(*this, on(), std::move(item), where);
    over->over(*over, true);
    return future<void>(over);
  }
  void enter(detail::put_place<T>& waits) {
    puts_.push(waits);
    want();
  }
  void leave(detail::put_place<T>& waits) noexcept {
    puts_.remove(waits);
    unwant();
  }
  detail::put_place<T>& first_put() noexcept {
    auto& first = static_cast<detail::put_place<T>&>(*puts_.front());
    puts_.remove(first);
    return first;
  }
  void accept_own_put() override {
    auto& first = first_put();
    lay_down(std::move(first.item));
    first.over(first, false);
  }
  std::uint32_t send_waiting() override {
    std::uint32_t served = 0;
    for (; !puts_.empty() && use_credit(); ++served) {
      auto& first = first_put();
      items_.post(home(), std::move(first.item));
      first.over(first, false);
    }
    return served;
  }
  void refuse_puts() noexcept override {
    while (!puts_.empty()) {
      auto& first = first_put();
      first.over(first, true);
    }
  }

  // --- getting ---------------------------------------------------------------------------------------------------------
  bool get_now(std::optional<T>& item, source_location where) {
    check_reader(where);
    if (held_ > 0) {
      item.emplace(pick_up());
      if (is_home()) {
        room_was_made();
      } else {
        delivery_taken();
      }
      return true;
    }
    return has_ended();
  }
  void enter(detail::get_place<T>& waits) {
    gets_.push(waits);
    ask();
  }
  void leave(detail::get_place<T>& waits) noexcept {
    gets_.remove(waits);
    unask();
  }
  detail::get_place<T>& first_get() noexcept {
    auto& first = static_cast<detail::get_place<T>&>(*gets_.front());
    gets_.remove(first);
    return first;
  }
  void hand_over(int reader) override {
    if (reader == home()) {
      auto& first = first_get();
      first.arrived(first, pick_up());
    } else {
      handed_to(reader);
      items_.post(reader, pick_up());
    }
  }
  void end_gets() noexcept override {
    while (!gets_.empty()) {
      auto& first = first_get();
      first.arrived(first, std::nullopt);
    }
  }

  // --- items -----------------------------------------------------------------------------------------------------------
  void lay_down(T&& item) {
    here_.push_back(std::move(item));
    ++held_;
  }
  T pick_up() {
    T item = std::move(here_.front());
    here_.pop_front();
    --held_;
    return item;
  }
  void item_came(int source, T&& item) {
    if (is_home()) {
      came_from(source);
      if constexpr (detail::is_plain_vector<T>) note_item_bytes(item.size() * sizeof(item[0]));
      lay_down(std::move(item));
      settle();
      return;
    }
    delivery_came();
    if (!gets_.empty()) {
      auto& first = first_get();
      first.arrived(first, std::move(item));
      delivery_taken();
    } else if (is_recalled()) {
      WEFT_REACHED("channel.an_item_comes_after_its_recall");
      returns_.post(home(), std::move(item));
    } else if (!WEFT_PLANTED("channel.an_item_whose_get_has_gone_is_dropped")) {
      WEFT_REACHED("channel.an_item_waits_for_the_next_get");
      lay_down(std::move(item));
    }
    settle_recall();
  }
  void item_came_back(int source, T&& item) {
    came_back_from(source);
    here_.push_front(std::move(item));
    ++held_;
    settle();
  }
  /// The last first, so that they lie at the home as they did.
  void return_items() override {
    while (held_ > 0) {
      returns_.post(home(), std::move(here_.back()));
      here_.pop_back();
      --held_;
    }
  }

  std::deque<T> here_;  ///< at the home: the channel's items; elsewhere: those whose gets had gone when they came
  detail::wait_list gets_;
  detail::wait_list puts_;
  port<T> items_;
  port<T> returns_;
};

/// The end of a channel from which items come.
template <class T>
class channel_reader {
 public:
  using value_type = T;
  explicit channel_reader(channel<T>& of) noexcept : of_(&of) {}
  future<std::optional<T>> get(source_location where = source_location::current()) const { return of_->get(where); }
  channel<T>& origin() const noexcept { return *of_; }

 private:
  channel<T>* of_;
};

/// The end of a channel to which items go.
template <class T>
class channel_writer {
 public:
  using value_type = T;
  explicit channel_writer(channel<T>& of) noexcept : of_(&of) {}
  future<void> put(T item, source_location where = source_location::current()) const {
    return of_->put(std::move(item), where);
  }
  void close() const { of_->close(); }
  channel<T>& origin() const noexcept { return *of_; }

 private:
  channel<T>* of_;
};

}  // namespace weft
