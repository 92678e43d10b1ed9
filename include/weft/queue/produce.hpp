// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/core/planted_fault.hpp>
#include <weft/queue/work_queue.hpp>

// The parts of work_queue that put items and hold producers back.
namespace weft {

template <class T, class R>
work_queue<T, R>::work_queue(context& ctx, queue_options options, source_location where)
    : ctx_(ctx),
      options_(options),
      where_(where),
      soft_items_(options.capacity),
      delayed_(ctx.loop()),
      holders_(this),
      activity_(ctx.loop()),
      always_done_(detail::make_operation<done_operation>(ctx.loop(), done_operation::unnamed, where)),
      receive_{this},
      port_(ctx, receive_, port_options{.name = "work_queue", .protocol = true}),
      results_(ctx, balance_, this, &work_queue::give_up),
      balance_(ctx, *this) {
  if (options_.fifo) {
    options_.order = take_order::oldest_first;
    pool_.keep_order();
  }
  always_done_->succeed();
  source_.queue = this;
  ctx.loop().add_source(source_);
}

template <class T, class R>
work_queue<T, R>::~work_queue() {
  ctx_.loop().remove_source(source_);
  always_done_->drop();
  while (free_buffers_ != nullptr) free_buffers_ = std::move(free_buffers_->next);
  // An exception that passes through says more than the items that it left.
  if (std::uncaught_exceptions() == 0) report_left_items();
}

template <class T, class R>
void work_queue<T, R>::check_room(std::size_t bytes, source_location where) const {
  if (closed_ && held_ == 0) [[unlikely]]
    detail::throw_put_after_close(where);
  if (pool_.bytes() + bytes > options_.hard_bytes) [[unlikely]]
    detail::throw_queue_full(pool_.bytes() + bytes, options_.hard_bytes, where);
}

template <class T, class R>
void work_queue<T, R>::check_put(std::size_t count, source_location where) {
  check_room(count * sizeof(T), where);
}

template <class T, class R>
template <class Write>
void work_queue<T, R>::write_aside(std::size_t count, Write& write) {
  auto buffer = buffer_for(count);
  write(std::span<T>(buffer->values, count));
  pool_.push(buffer->values, count);
  buffer->next = std::move(free_buffers_);
  free_buffers_ = std::move(buffer);
}

/// Items came, and somebody waits for them.
template <class T, class R>
void work_queue<T, R>::distribute() {
  if (cancelled_) return drop_everything();
  serve_waiting();
  if (balance_.wanted()) tell_balance();
}

template <class T, class R>
queue_put work_queue<T, R>::put(T value, const put_options& how, source_location where) {
  const detail::item_tag tag = tag_for(how, where);
  detail::tagged_item<T> one{std::move(value), tag};
  prepare_put(1, where);
  const int rank = let_in(std::move(one), how);
  queue_put here = after_put(where);
  if (rank == ctx_.rank() || unacknowledged_[rank] <= push_window) return here;
  return hold_back(rank, where);
}

template <class T, class R>
future<R> work_queue<T, R>::submit(T value, const put_options& how, source_location where) {
  detail::item_tag tag = tag_for(how, where);
  prepare_put(1, where);
  tag.submission = results_.next();
  future<R> result = results_.await(tag.submission, where);
  let_in({std::move(value), tag}, how);
  (void)after_put(where);
  return result;
}

template <class T, class R>
detail::item_tag work_queue<T, R>::tag_for(const put_options& how, source_location where) const {
  detail::check_options(how, ctx_.size(), where);
  detail::item_tag tag;
  tag.priority = static_cast<std::int8_t>(how.priority);
  tag.type = static_cast<std::uint8_t>(how.type);
  tag.where = how.where;
  tag.is_long = how.is_long ? 1 : 0;
  return tag;
}

/// Where it was put for, now or later. Returns that rank.
template <class T, class R>
int work_queue<T, R>::let_in(detail::tagged_item<T>&& one, const put_options& how) {
  const int rank = how.rank < 0 ? ctx_.rank() : how.rank;
  if (how.delay > duration::zero()) {
    delayed_.add({std::move(one), rank}, saturating_add(ctx_.loop().now(), how.delay));
  } else {
    place(std::move(one), rank);
  }
  return rank;
}

/// To this rank's pool or to another rank.
template <class T, class R>
void work_queue<T, R>::place(detail::tagged_item<T>&& one, int rank) {
  if (rank == ctx_.rank()) return pool_.push(std::move(one.value), one.tag);
  message m{kind::push, -1, 0, {}, {}, 0};
  m.tagged.push_back(std::move(one));
  ++unacknowledged_[rank];
  ++on_their_way_;
  ++stats_.given;
  ++flows_[rank].given;
  balance_.count_sent();
  post(rank, std::move(m));
}

template <class T, class R>
bool work_queue<T, R>::take_due() {
  if (!delayed_.is_due()) return false;
  delayed_.take_due([this](auto&& entry) { place(std::move(entry.item), entry.rank); });
  distribute();
  return true;
}

/// `target`: the rank whose credit is missing; -1: this one's own room.
template <class T, class R>
queue_put work_queue<T, R>::hold_back(int target, source_location where) {
  const detail::task_root* root = ctx_.loop().current_root();
  const detail::task_lineage task = root == nullptr ? detail::task_lineage{} : root->lineage;
  if (!consumers_known() || cancelled_ || holders_.holds(task)) {
    ++stats_.exempt;
    return {always_done_, false};
  }
  WEFT_REACHED("queue.producer_is_held_back");
  ++stats_.held_back;
  auto* op = detail::make_operation<detail::put_operation>(ctx_.loop(), put_kind, where);
  op->task = task;
  op->peer_ = target;
  (target < 0 ? held_back_ : pushing_).push(*op);
  ctx_.loop().note_work();
  return {op, true};
}

template <class T, class R>
void work_queue<T, R>::add(T value, const detail::item_tag& tag, int rank) {
  ++stats_.put;
  place({std::move(value), tag}, rank);
}

template <class T, class R>
bool work_queue<T, R>::may_go(const detail::putter& who) const noexcept {
  return cancelled_ || holders_.holds(who.task);
}

/// Lets those go for whom there is room, and those who have come to hold an item.
template <class T, class R>
void work_queue<T, R>::let_producers_go() {
  // With some distance, so that they come and go in larger groups.
  std::size_t room = has_room_again() ? soft_items_ + 1 - pool_.size() : 0;
  const auto visit = [this](detail::wait_list& list, auto&& fits) {
    for (auto* at = list.front(); at != nullptr;) {
      auto& op = static_cast<detail::put_operation&>(*at);
      at = at->next;
      if (!may_go(op) && !fits(op)) continue;
      list.remove(op);
      op.succeed();
    }
  };
  visit(held_back_, [&room](const auto&) { return room > 0 && room-- > 0; });
  visit(pushing_, [this](const auto& op) { return unacknowledged_[op.peer_] <= push_window / 2; });
  if (!owed_.empty()) grant_credits();
}

}  // namespace weft
