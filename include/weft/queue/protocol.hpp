// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bit>

#include <weft/core/planted_fault.hpp>
#include <weft/queue/work_queue.hpp>

// The parts of work_queue that speak with other ranks, and end.
namespace weft {

namespace detail {
[[noreturn]] void throw_closed_twice(source_location where);
[[noreturn]] void throw_left_twice(source_location where);
void report_left(loop& on, std::size_t items, std::size_t dead, source_location where) noexcept;
}  // namespace detail

template <class T, class R>
void work_queue<T, R>::close(source_location where) {
  if (closed_) detail::throw_closed_twice(where);
  closed_ = true;
  balance_.step();
}

template <class T, class R>
void work_queue<T, R>::leave(source_location where) {
  if (balance_.is_away()) detail::throw_left_twice(where);
  balance_.leave();
  ctx_.loop().note_work();
}

template <class T, class R>
void work_queue<T, R>::cancel() {
  if (cancelled_) return;
  send_to_others(kind::cancel_all, 0);
  drop_everything();
}

template <class T, class R>
void work_queue<T, R>::drop_everything() {
  cancelled_ = true;
  const auto forget = [this](const detail::item_tag& tag) {
    if (tag.submission != 0) results_.send(tag.submission, detail::outcome_kind::cancelled, {});
    return true;
  };
  stats_.cancelled += pool_.clear(forget) + delayed_.drop_if([&](const auto& one) { return forget(one.item.tag); });
  // Other ranks may leave the queue without waiting for this one: nothing more that they send is sure to come.
  results_.cancel_all();
  port_.retire();
  results_.retire();
  balance_.retire();
  let_producers_go();
  end_waiting();
  tell_balance();
}

template <class T, class R>
std::size_t work_queue<T, R>::available(std::uint64_t types, placement nearness) const noexcept {
  return options_.fifo ? 0 : pool_.count(types, nearness);
}

template <class T, class R>
std::uint64_t work_queue<T, R>::wanted_types() const noexcept {
  std::uint64_t types = 0;
  if (options_.fifo) return types;
  for (auto* at = waiting_.front(); at != nullptr; at = at->next) types |= static_cast<const detail::taker*>(at)->types;
  return types;
}

template <class T, class R>
void work_queue<T, R>::send_request(int victim, std::uint64_t types, bool is_ahead) {
  post(victim, is_ahead ? kind::request_ahead : kind::request, types);
}

template <class T, class R>
void work_queue<T, R>::send_registration(int neighbour, std::uint64_t types, int tree) {
  post(neighbour, kind::registration, types, tree);
}

template <class T, class R>
std::size_t work_queue<T, R>::send_items(int to, std::size_t count, std::uint64_t types, placement nearness,
                                         bool is_answer, int hint, const detail::supply& richest) {
  if (pool_.size() > most_queued_) note_high_water();
  message m{is_answer ? kind::answer : kind::gift, hint, std::bit_cast<std::uint64_t>(richest), {}, {}, 0};
  m.plain.reserve(std::min(count, most_moved_bytes / sizeof(T) + 1));
  stats_.given_bytes += pool_.take_for_others(count, types, nearness, most_moved_bytes, m.plain, m.tagged);
  const std::size_t sent = m.plain.size() + m.tagged.size();
  stats_.given += sent;
  if (sent > 0) flows_[to].given += sent;
  post(to, std::move(m));
  after_take();
  return sent;
}

template <class T, class R>
void work_queue<T, R>::send_presence(bool away) {
  for (int rank = 0; rank < ctx_.size(); ++rank) {
    if (rank != ctx_.rank()) post(rank, away ? kind::left : kind::joined);
  }
}

template <class T, class R>
void work_queue<T, R>::send_to_others(kind what, std::uint64_t number) {
  for (int rank = 0; rank < ctx_.size(); ++rank) {
    if (rank == ctx_.rank()) continue;
    balance_.count_sent();
    post(rank, what, number);
  }
}

template <class T, class R>
void work_queue<T, R>::end_waiting() {
  while (!waiting_.empty()) {
    auto& waiting = static_cast<detail::taker&>(*waiting_.front());
    waiting_.remove(waiting);
    waiting.end(waiting);
  }
  activity_.set(activity::working);
}

template <class T, class R>
void work_queue<T, R>::on_message(int from, message&& m) {
  balance_.count_received(m.wave);
  switch (m.what) {
    case kind::request:
    case kind::request_ahead:
      return balance_.on_request(from, m.number, m.what == kind::request_ahead);
    case kind::registration:
      return balance_.on_registration(from, m.number, m.hint);
    case kind::answer:
    case kind::gift: {
      const std::size_t count = m.plain.size() + m.tagged.size();
      flows_[from].stolen += count;
      take_in(m);
      const auto richest = std::bit_cast<detail::supply>(m.number);
      return balance_.on_items(from, count, m.what == kind::answer, m.hint, richest);
    }
    case kind::left:
    case kind::joined:
      return balance_.on_presence(from, m.what == kind::left);
    default:
      return on_pushed(from, std::move(m));
  }
}

/// The messages that have nothing to do with stealing.
template <class T, class R>
void work_queue<T, R>::on_pushed(int from, message&& m) {
  switch (m.what) {
    case kind::push:
      flows_[from].stolen += m.tagged.size();
      owed_[from] += m.tagged.size();
      take_in(m);
      if (!owed_.empty()) grant_credits();
      break;
    case kind::credit:
      unacknowledged_[from] -= static_cast<std::size_t>(m.number);
      on_their_way_ -= static_cast<std::size_t>(m.number);
      let_producers_go();
      break;
    case kind::cancel_all:
      if (!cancelled_) drop_everything();
      break;
    case kind::cancel_one:
      if (drop_submission(m.number)) results_.send(m.number, detail::outcome_kind::cancelled, {});
      break;
    default:
      break;
  }
  tell_balance();
}

template <class T, class R>
void work_queue<T, R>::take_in(message& m) {
  const std::size_t before = pool_.bytes();
  if constexpr (pool::is_bare) {
    pool_.push(m.plain.data(), m.plain.size());
  } else {
    for (T& value : m.plain) pool_.push(std::move(value));
  }
  for (auto& one : m.tagged) pool_.push(std::move(one.value), one.tag);
  stats_.stolen += m.plain.size() + m.tagged.size();
  stats_.stolen_bytes += pool_.bytes() - before;
  if (cancelled_ && !WEFT_PLANTED("queue.items_outlive_the_cancellation")) {
    WEFT_REACHED("queue.items_come_after_the_cancellation");
    return drop_everything();
  }
  if (!WEFT_PLANTED("queue.stolen_tagged_items_wake_nobody") || !m.plain.empty()) serve_waiting();
}

/// Tells those who put items for this rank that it has let them in, once it has room.
template <class T, class R>
void work_queue<T, R>::grant_credits() {
  if (is_full() && consumers_known() && !cancelled_) {
    WEFT_REACHED("queue.credit_is_kept_until_there_is_room");
    return;
  }
  for (auto& [rank, count] : std::exchange(owed_, {})) {
    balance_.count_sent();
    post(rank, kind::credit, WEFT_PLANTED("queue.one_credit_for_many_items") ? 1 : count);
  }
}

template <class T, class R>
void work_queue<T, R>::tell_balance() {
  balance_.step();
  ctx_.loop().note_work();  // what it left is offered when the loop finds nothing to run
}

template <class T, class R>
void work_queue<T, R>::poll_now() {
  const time_point before = ctx_.loop().now();
  ctx_.poll();
  if (delayed_.is_due()) take_due();
  balance_.offer();
  const time_point after = ctx_.loop().now();
  ++stats_.polls;
  stats_.polling += after - before;
  pacer_.polled(before, after);
}

template <class T, class R>
void work_queue<T, R>::serve_others() {
  poll_now();
  balance_.ask_for_others();
}

template <class T, class R>
void work_queue<T, R>::about_to_idle() {
  if (consumed_types_ != 0) next_types_ = std::exchange(consumed_types_, 0);
  consumed_types_ = wanted_types();  // whoever consumes here would have asked by now
  look_ahead();
  balance_.offer();
  balance_.ask_for_others();
  if (!waiting_.empty()) activity_.set(balance_.is_searching() ? activity::searching : activity::idle);
  // Those who wait may have come to hold an item, or a task that started them.
  if (!held_back_.empty() || !pushing_.empty()) let_producers_go();
}

/// Not for what follows a long item: its rank will not come to it.
template <class T, class R>
inline void work_queue<T, R>::look_ahead() {
  if (held_ == 0 || has_long_ || !waiting_.empty() || options_.fifo || pool_.has(next_types_)) return;
  balance_.look_ahead(next_types_);
}

template <class T, class R>
void work_queue<T, R>::note_high_water() noexcept {
  most_queued_ = pool_.size();
  stats_.most_queued = most_queued_;
  stats_.most_bytes = std::max<std::uint64_t>(stats_.most_bytes, pool_.bytes());
}

template <class T, class R>
queue_stats work_queue<T, R>::stats() const noexcept {
  queue_stats all = stats_;
  all.most_queued = std::max<std::uint64_t>(all.most_queued, pool_.size());
  all.most_bytes = std::max<std::uint64_t>(all.most_bytes, pool_.bytes());
  activity_.add_to(all);
  balance_.add_to(all);
  return all;
}

template <class T, class R>
void work_queue<T, R>::report_left_items() noexcept {
  if constexpr (detail::carried<T>::is_tracked) return;  // they are written down, for the next job
  if (size() > 0 || !dead_.empty()) detail::report_left(ctx_.loop(), size(), dead_.size(), where_);
}

}  // namespace weft
