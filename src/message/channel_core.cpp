// SPDX-License-Identifier: BSL-1.0
#include <weft/message/channel_core.hpp>

#include <algorithm>
#include <exception>
#include <iterator>
#include <string>
#include <utility>

#include <weft/core/planted_fault.hpp>

namespace weft::detail {

channel_core::channel_core(context& ctx, channel_options options, source_location where)
    : on_(ctx.loop()),
      rank_(ctx.rank()),
      home_(options.home >= 0 ? options.home : std::max(options.reader, 0)),
      reader_(options.reader),
      capacity_(options.capacity),
      lots_(static_cast<std::uint64_t>(ctx.rank())),
      port_(ctx, handle{this}, {.name = "channel", .protocol = true}, where) {
  if (home_ >= ctx.size() || options.reader >= ctx.size()) {
    throw usage_error("rank " + std::to_string(std::max(home_, options.reader)) + " of " + std::to_string(ctx.size()) +
                          " cannot be an end of a channel",
                      where);
  }
  if (is_home()) on_.add_source(*this);
}

channel_core::~channel_core() {
  if (is_home()) on_.remove_source(*this);
}

void channel_core::check_reader(source_location where) const {
  if (reader_ < 0 || reader_ == rank_) return;
  throw usage_error("rank " + std::to_string(rank_) + " reads from a channel whose reader is rank " +
                        std::to_string(reader_),
                    where);
}

void channel_core::take(int source, const message& m) {
  if (is_home()) {
    take_at_home(source, m);
  } else {
    take_elsewhere(m);
  }
}

// --- at the home -----------------------------------------------------------------------------------------------------

channel_core::member& channel_core::member_at(int rank) {
  if (rank != last_rank_) {
    last_member_ = &members_[rank];
    last_rank_ = rank;
  }
  return *last_member_;
}

void channel_core::take_at_home(int source, const message& m) {
  member& from = member_at(source);
  switch (m.what) {
    case kind::want:
      if (is_closed_) return tell_of_close(source, from);
      wanting_.push_back(source);
      break;
    case kind::unwant:
      for (std::uint32_t i = 0; i < m.count; ++i) forget_last(wanting_, source);
      break;
    case kind::ask:
      note_taken(from, m.count);
      if (has_ended_) return post(source, kind::ended);
      if (is_closed_) tell_of_close(source, from);
      asking_.push_back(source);
      break;
    case kind::unask:
      forget_last(asking_, source);
      break;
    case kind::credit:
      from.credit_recalled = false;
      from.lent -= m.count;
      lent_ -= m.count;
      break;
    case kind::settled:
      from.items_recalled = false;
      note_taken(from, m.count);
      break;
    case kind::taken:
      note_taken(from, m.count);
      break;
    case kind::close:
      close_at_home();
      break;
    default:
      return;
  }
  settle();
}

void channel_core::fit_window(std::size_t bytes) noexcept {
  constexpr std::size_t bytes_under_way = 1024 * 1024;
  item_bytes_ = bytes;
  window_ = std::max<std::size_t>(4, bytes_under_way / std::max<std::size_t>(1, bytes));
}

void channel_core::came_from(int writer) {
  member& from = member_at(writer);
  --from.lent;
  --lent_;
  ++from.used;
  ++used_;
}

void channel_core::came_back_from(int reader) {
  ++member_at(reader).back;
  --unsettled_;
}

void channel_core::handed_to(int reader) {
  ++member_at(reader).sent;
  ++unsettled_;
}

void channel_core::note_taken(member& who, std::uint32_t count) noexcept {
  unsettled_ -= count - who.taken;
  who.taken = count;
}

/// One that has been served meanwhile is not here: its rank keeps what it got.
void channel_core::forget_last(std::deque<int>& queue, int rank) noexcept {
  const auto last = std::find(queue.rbegin(), queue.rend(), rank);
  if (last != queue.rend()) queue.erase(std::next(last).base());
}

void channel_core::settle() {
  serve_gets();
  serve_puts();
  if (holders_ > 0 && (room() < 0 || (room() == 0 && !wanting_.empty())) &&
      !WEFT_PLANTED("channel.credit_is_not_called_back"))
    recall_credit();
  if (unsettled_ > 0 && held_ == 0 && !asking_.empty() && !WEFT_PLANTED("channel.items_are_not_called_back"))
    recall_items();
  if (is_closed_ && !has_ended_) end_if_done();
}

void channel_core::serve_gets() {
  while (held_ > 0 && !asking_.empty()) {
    const int reader = asking_.front();
    asking_.pop_front();
    hand_over(reader);
  }
}

void channel_core::serve_puts() {
  while (!wanting_.empty() && room() > 0) {
    const int writer = wanting_.front();
    wanting_.pop_front();
    if (writer == home_) {
      accept_own_put();
      serve_gets();
      continue;
    }
    // A lone writer gets half of what is free on top: it need not ask for each of a stream.
    const bool is_lone = capacity_ > 0 && wanting_.empty();
    lend(writer, kind::lend, is_lone ? static_cast<std::uint32_t>(1 + (room() - 1) / 2) : 1);
  }
  if (capacity_ > 0 && used_ > 0 && wanting_.empty() && !is_closed_ && has_much_room()) share_room();
}

/// What is free goes to those whose items have come since the last time, before they ask.
void channel_core::share_room() {
  const auto free = static_cast<std::size_t>(room());
  for (auto& [rank, who] : members_) {
    if (who.used == 0) continue;
    const std::size_t share = free * who.used / used_;
    who.used = 0;
    if (share > 0) lend(rank, kind::share, static_cast<std::uint32_t>(share));
  }
  used_ = 0;
}

void channel_core::lend(int writer, kind how, std::uint32_t units) {
  member& to = member_at(writer);
  to.lent += units;
  lent_ += units;
  if (!to.may_hold) ++holders_;
  to.may_hold = true;
  post(writer, how, units);
}

void channel_core::recall_credit() {
  for (auto& [rank, who] : members_) {
    if (!who.may_hold || who.credit_recalled) continue;
    who.may_hold = false;
    --holders_;
    if (who.lent == 0) continue;
    WEFT_REACHED("channel.credit_is_called_back");
    who.credit_recalled = true;
    post(rank, kind::recall_credit);
  }
}

/// From all but a rank that asks alone: what lies there is its own next. Where others ask too, it may have asked for
/// gets that have gone since, and hold what nobody there wants.
void channel_core::recall_items() {
  const int first = asking_.front();
  const bool is_alone = std::all_of(asking_.begin(), asking_.end(), [first](int rank) { return rank == first; });
  for (auto& [rank, who] : members_) {
    if (who.unsettled() == 0 || who.items_recalled || (is_alone && rank == first)) continue;
    WEFT_REACHED("channel.items_are_called_back");
    who.items_recalled = true;
    post(rank, kind::recall_items, who.sent);
  }
}

void channel_core::room_was_made() {
  if (capacity_ == 0 || is_closed_ || has_much_room()) {
    settle();
  } else if (!wanting_.empty()) {
    is_due_ = true;  // together with what else this turn makes room for
    on_.note_work();
  }
}

bool channel_core::run() {
  if (!is_due_) return false;
  is_due_ = false;
  settle();
  return true;
}

void channel_core::close_at_home() {
  if (is_closed_) return;
  is_closed_ = true;
  wanting_.clear();
  if (!WEFT_PLANTED("channel.a_close_forgets_who_waits")) refuse_puts();
  for (auto& [rank, who] : members_) tell_of_close(rank, who);
}

void channel_core::tell_of_close(int rank, member& who) {
  if (who.knows_of_close) return;
  who.knows_of_close = true;
  post(rank, kind::closed);
}

/// Items that are on their way to the home, or lie with a reader that may not want them, are still to come.
void channel_core::end_if_done() {
  if (held_ > 0 || (lent_ > 0 && !WEFT_PLANTED("channel.the_end_overtakes_what_is_under_way")) ||
      (unsettled_ > 0 && !WEFT_PLANTED("channel.the_end_forgets_what_may_come_back")))
    return;
  has_ended_ = true;
  asking_.clear();
  end_gets();
  for (auto& [rank, who] : members_) post(rank, kind::ended);
}

// --- waiting ---------------------------------------------------------------------------------------------------------

void channel_core::want() {
  if (!is_home()) return post(home_, kind::want);
  wanting_.push_back(rank_);
  settle();
}

void channel_core::unwant() noexcept {
  if (!is_home()) return post_home(kind::unwant, 1);
  forget_last(wanting_, rank_);
}

void channel_core::ask() {
  if (!is_home()) return post(home_, kind::ask, taken_);
  asking_.push_back(rank_);
  settle();
}

void channel_core::unask() noexcept {
  if (!is_home()) return post_home(kind::unask, 1);
  forget_last(asking_, rank_);
  try {
    if (holders_ > 0 && room() < 0) recall_credit();
  } catch (...) {
    on_.fail(std::current_exception());
  }
}

void channel_core::post_home(kind what, std::uint32_t count) noexcept {
  try {
    post(home_, what, count);
  } catch (...) {
    on_.fail(std::current_exception());
  }
}

void channel_core::close_here() {
  if (is_home()) {
    close_at_home();
    return settle();
  }
  if (is_closed_) return;
  is_closed_ = true;
  post(home_, kind::close);
  refuse_puts();
}

// --- on other ranks --------------------------------------------------------------------------------------------------

void channel_core::take_elsewhere(const message& m) {
  switch (m.what) {
    case kind::lend:
      return spend(m.count, 1);
    case kind::share:
      return spend(m.count, 0);
    case kind::closed:
      is_closed_ = true;
      refuse_puts();
      post(home_, kind::taken, taken_);
      [[fallthrough]];
    case kind::recall_credit:
      post(home_, kind::credit, std::exchange(credit_, 0));
      return;
    case kind::recall_items:
      is_recalled_ = true;
      recalled_at_ = m.count;
      return_items();
      return settle_recall();
    case kind::ended:
      has_ended_ = true;
      return end_gets();
    default:
      return;
  }
}

/// Puts that had asked, and were served without an answer of their own, need none.
void channel_core::spend(std::uint32_t units, std::uint32_t answered) {
  credit_ += units;
  const std::uint32_t served = send_waiting();
  if (served > answered) post(home_, kind::unwant, served - answered);
}

bool channel_core::use_credit() noexcept {
  if (credit_ == 0) return false;
  --credit_;
  return true;
}

bool channel_core::find_credit() {
  if (credit_ == 0 && capacity_ > 0) on_.poll();
  return use_credit();
}

void channel_core::delivery_taken() {
  ++taken_;
  if (is_closed_) post(home_, kind::taken, taken_);
}

void channel_core::settle_recall() {
  if (!is_recalled_ || static_cast<std::int32_t>(received_ - recalled_at_) < 0) return;
  is_recalled_ = false;
  post(home_, kind::settled, taken_);
}

}  // namespace weft::detail
