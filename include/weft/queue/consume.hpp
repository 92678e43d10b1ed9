// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/core/planted_fault.hpp>
#include <weft/queue/work_queue.hpp>

// The parts of work_queue that hand items out, take them back, and answer their producers.
namespace weft {

template <class T, class R>
future<std::optional<item<T, R>>> work_queue<T, R>::get(type_set types, source_location where) {
  note_consumer(types.bits);
  auto* op = detail::make_operation<get_operation>(ctx_.loop(), get_kind, where);
  if (pool_.has(types.bits)) {
    op->emplace(std::in_place, begin_hold(1, holders_.unclaimed()), take(types.bits));
    op->succeed();
  } else if (balance_.is_drained() || cancelled_) {
    op->emplace();
    op->succeed();
  } else {
    op->serve = [](void* queue, detail::taker& self) {
      auto& me = *static_cast<work_queue*>(queue);
      auto& waiting = static_cast<get_operation&>(self);
      waiting.emplace(std::in_place, me.begin_hold(1, me.holders_.unclaimed()), me.take(self.types));
      waiting.succeed();
    };
    op->end = [](detail::taker& self) {
      auto& waiting = static_cast<get_operation&>(self);
      waiting.emplace();
      waiting.succeed();
    };
    wait_for_items(*op, types);
  }
  return future<std::optional<item_type>>(op);
}

template <class T, class R>
future<item_batch<T>> work_queue<T, R>::get_n(std::size_t most, type_set types,
                                              source_location where) requires std::is_void_v<R> {
  note_consumer(types.bits);
  auto* op = detail::make_operation<batch_operation>(ctx_.loop(), batch_kind, where);
  if (pool_.has(types.bits)) {
    op->emplace(take_batch(most, types.bits, holders_.unclaimed()));
    op->succeed();
  } else if (balance_.is_drained() || cancelled_) {
    op->emplace();
    op->succeed();
  } else {
    op->most = most;
    op->serve = [](void* queue, detail::taker& self) {
      auto& me = *static_cast<work_queue*>(queue);
      auto& waiting = static_cast<batch_operation&>(self);
      waiting.emplace(me.take_batch(self.most, self.types, me.holders_.unclaimed()));
      waiting.succeed();
    };
    op->end = [](detail::taker& self) {
      auto& waiting = static_cast<batch_operation&>(self);
      waiting.emplace();
      waiting.succeed();
    };
    wait_for_items(*op, types);
  }
  return future<item_batch<T>>(op);
}

template <class T, class R>
void work_queue<T, R>::wait_for_items(detail::taker& waiting, type_set types) {
  waiting.types = types.bits;
  waiting_.push(waiting);
  balance_.step();
  activity_.set(balance_.is_searching() ? activity::searching : activity::idle);
}

template <class T, class R>
void work_queue<T, R>::serve_waiting() {
  for (auto* at = waiting_.front(); at != nullptr && !pool_.empty();) {
    auto& waiting = static_cast<detail::taker&>(*at);
    at = at->next;
    if (!pool_.has(waiting.types)) continue;
    waiting_.remove(waiting);
    waiting.serve(this, waiting);
  }
  if (waiting_.empty()) activity_.set(activity::working);
}

template <class T, class R>
detail::tagged_item<T> work_queue<T, R>::take(std::uint64_t types) {
  detail::tagged_item<T> one = pool_.take(types, options_.order);
  has_long_ = one.tag.is_long != 0;
  if (has_long_ && !options_.fifo) balance_.give_away();
  after_take();
  return one;
}

template <class T, class R>
inline void work_queue<T, R>::after_take() {
  if (!held_back_.empty() || !owed_.empty()) [[unlikely]]
    let_producers_go();
}

template <class T, class R>
item_batch<T> work_queue<T, R>::take_batch(std::size_t most, std::uint64_t types, detail::holder& who) {
  if (pool_.has_tagged()) {
    auto buffer = buffer_for(1);
    begin_hold(1, who);
    detail::tagged_item<T> one = take(types);
    ::new (static_cast<void*>(buffer->values)) T(std::move(one.value));
    return item_batch<T>(who, std::move(buffer), 1, one.tag);
  }
  auto buffer = buffer_for(most);
  const std::size_t count = options_.order == take_order::newest_first ? pool_.take_newest(buffer->values, most)
                                                                       : pool_.take_oldest(buffer->values, most);
  begin_hold(count, who);
  after_take();
  return item_batch<T>(who, std::move(buffer), count, {});
}

template <class T, class R>
std::unique_ptr<detail::batch_buffer<T>> work_queue<T, R>::buffer_for(std::size_t count) {
  if (free_buffers_ != nullptr && free_buffers_->capacity >= count) [[likely]] {
    auto found = std::move(free_buffers_);
    free_buffers_ = std::move(found->next);
    return found;
  }
  return std::make_unique<detail::batch_buffer<T>>(std::max(count, smallest_buffer));
}

template <class T, class R>
detail::holder& work_queue<T, R>::claim(detail::holder& who, std::size_t count) noexcept {
  if (holders_.is_claimed(who)) return who;
  who.held -= count;
  detail::holder& now = holders_.of(ctx_.loop().current_root());
  now.held += count;
  return now;
}

template <class T, class R>
void work_queue<T, R>::finish(T& value, const detail::item_tag& tag, detail::item_end how, std::string text) noexcept {
  switch (how) {
    case detail::item_end::done:
      ++stats_.done;
      if constexpr (detail::carried<T>::is_tracked) done_listener_->on_done({&value, 1});
      if (tag.submission == 0) break;
      if constexpr (std::is_void_v<R>) {
        results_.send(tag.submission, detail::outcome_kind::value, {});
      } else {
        results_.send(tag.submission, detail::outcome_kind::failed, "the consumer called done() without a result");
      }
      break;
    case detail::item_end::failed:
      fail(std::move(value), tag, std::move(text));
      break;
    case detail::item_end::returned:
      give_back(std::move(value), tag);
      break;
  }
  after_let_go();
}

template <class T, class R>
void work_queue<T, R>::finish(item_batch<T>& batch, std::size_t done, detail::item_end how) noexcept {
  T* values = batch.buffer_->values;
  let_go(*std::exchange(batch.holder_, nullptr), batch.count_);
  stats_.done += done;
  if constexpr (detail::carried<T>::is_tracked) done_listener_->on_done({values, done});
  if (batch.tag_.submission != 0 && done > 0) results_.send(batch.tag_.submission, detail::outcome_kind::value, {});
  if (how == detail::item_end::failed && done < batch.count_) {
    fail(std::move(values[done]), batch.tag_, detail::unknown_failure);
    ++done;
  }
  for (; done < batch.count_; ++done) give_back(std::move(values[done]), batch.tag_);
  std::destroy_n(values, batch.count_);
  batch.count_ = 0;
  batch.buffer_->next = std::move(free_buffers_);
  free_buffers_ = std::move(batch.buffer_);
  after_let_go();
}

template <class T, class R>
void work_queue<T, R>::fail(T&& value, detail::item_tag tag, std::string text) {
  ++stats_.failed;
  ++tag.failures;
  if (tag.failures > options_.retries || cancelled_) {
    ++stats_.dead;
    if (tag.submission != 0) results_.send(tag.submission, detail::outcome_kind::failed, text);
    dead_.push_back({std::move(value), std::move(text), tag.failures});
    return;
  }
  if (options_.order == take_order::newest_first || options_.fifo) {
    pool_.push_oldest(std::move(value), tag);  // to be taken last here, and to go to another rank first
  } else {
    pool_.push(std::move(value), tag);
  }
  serve_waiting();
}

template <class T, class R>
void work_queue<T, R>::give_back(T&& value, const detail::item_tag& tag) {
  ++stats_.returned;
  if (options_.fifo) {
    pool_.push_oldest(std::move(value), tag);
  } else {
    pool_.push(std::move(value), tag);
  }
  if (cancelled_) return drop_everything();
  serve_waiting();
}

template <class T, class R>
bool work_queue<T, R>::give_up(void* self, std::uint64_t submission) noexcept {
  if constexpr (detail::carried<T>::is_tracked) return true;
  auto& me = *static_cast<work_queue*>(self);
  if (me.drop_submission(submission)) {
    me.after_let_go();
    return true;
  }
  WEFT_REACHED("queue.result_is_given_up_when_its_item_is_elsewhere");
  me.send_to_others(kind::cancel_one, submission);
  return false;
}

template <class T, class R>
bool work_queue<T, R>::drop_submission(std::uint64_t submission) {
  const auto is_it = [submission](const auto& one) { return one.item.tag.submission == submission; };
  if (!pool_.drop(submission) && delayed_.drop_if(is_it) == 0) return false;
  ++stats_.cancelled;
  return true;
}

template <class T, class R>
template <class Body>
task<> work_queue<T, R>::serve(Body& body, type_set types, source_location where) {
  for (;;) {
    std::optional<item_type> next = co_await get(types, where);
    if (!next) co_return;
    std::exception_ptr error;
    try {
      if constexpr (std::is_void_v<R>) {
        co_await body(**next);
        next->done();
      } else {
        next->done(co_await body(**next));
      }
    } catch (const operation_cancelled&) {
      if (ctx_.loop().cancelling()) throw;
      error = std::current_exception();
    } catch (...) {
      error = std::current_exception();
    }
    if (error) next->fail(error);
  }
}

}  // namespace weft
