// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <vector>

#include <weft/sim/engine.hpp>

namespace weft::sim {

namespace {

// A rank that polls for so long without waiting lets something else happen.
constexpr std::int64_t polls_for = 100'000;

}  // namespace

void engine::set_chooser(chooser& by) {
  chooser_ = &by;
  give_way_at_ = 0;
}

void engine::hold(message* m) {
  m->number = ++sent_[{m->from->rank, m->to->rank}];
  held_.push_back(m);
}

/// At a call of a rank that could go on: whether it gives way.
bool engine::may_preempt(endpoint& self) {
  if (stop_ != stop_reason::none) return true;
  if (chooser_->may_stop_ranks()) {
    const std::array options{choice{choice::kind::go_on, self.rank, -1, -1, 0},
                             choice{choice::kind::stop, self.rank, -1, -1, 0}};
    self.is_polling = chooser_->choose(options) != 0;
  } else {
    self.is_polling = self.clock > give_way_at_;
  }
  return self.is_polling;
}

endpoint* engine::next_chosen() {
  for (;;) {
    if (stop_ != stop_reason::none) return nullptr;
    if (until_->running == 0 || until_->is_crashed) {
      stop_ = stop_reason::life_over;
      continue;
    }
    if (ranks_.top_time() == rank_queue::no_time) {
      if (!choose_event()) stop_ = stop_reason::standstill;
      continue;
    }
    endpoint* rank = by_place_[ranks_.top()];
    if (rank->is_polling) {
      rank->is_polling = false;
      count_event();
      if (choose_event()) continue;
      rank = choose_rank(rank);
    } else {
      rank = choose_rank(nullptr);
    }
    now_ = std::max(now_, ranks_.time_of(rank->place));
    if (endpoint* const goes_on = turn_of(*rank)) {
      give_way_at_ = chooser_->may_stop_ranks() ? 0 : goes_on->clock + polls_for;
      return goes_on;
    }
  }
}

/// Who goes on of those that can: the first, if nobody wants to choose; `last` only if there is no other.
endpoint* engine::choose_rank(const endpoint* last) {
  if (!chooser_->orders_ranks() && last == nullptr) return by_place_[ranks_.top()];
  std::vector<choice> options;
  std::vector<endpoint*> ranks;
  for (endpoint* rank : by_place_) {
    if (ranks_.time_of(rank->place) == rank_queue::no_time || rank == last) continue;
    options.push_back({choice::kind::run, rank->rank, -1, -1, 0});
    ranks.push_back(rank);
  }
  if (ranks.empty()) return by_place_[ranks_.top()];
  if (ranks.size() == 1 || !chooser_->orders_ranks()) return ranks.front();
  return ranks[chooser_->choose(options)];
}

/// A message arrives, a timer fires or something outside happens; false if there is none of them.
bool engine::choose_event() {
  std::vector<choice> options;
  std::vector<message*> messages;
  for (message* m : held_) {
    const auto is_same = [m](const message* other) { return other->from == m->from && other->to == m->to; };
    if (std::any_of(messages.begin(), messages.end(), is_same)) continue;
    messages.push_back(m);
    options.push_back({choice::kind::deliver, m->to->rank, m->from->rank, m->tag, m->number});
  }
  std::vector<endpoint*> sleepers;
  for (endpoint* rank : by_place_) {
    if (rank->state != rank_state::parked || rank->deadline == never.time_since_epoch().count()) continue;
    sleepers.push_back(rank);
    options.push_back({choice::kind::timer, rank->rank, -1, -1, 0});
  }
  if (!outside_events_.empty()) options.push_back({choice::kind::outside, -1, -1, -1, 0});
  if (options.empty()) return false;
  std::size_t chosen = chooser_->choose(options);
  count_event();
  if (chosen < messages.size()) {
    message* const m = messages[chosen];
    held_.erase(std::find(held_.begin(), held_.end(), m));
    post(*m->to, now_, delivery::kind::arrive, m);
    return true;
  }
  chosen -= messages.size();
  if (chosen < sleepers.size()) {
    now_ = std::max(now_, sleepers[chosen]->deadline);
    wake(*sleepers[chosen]);
    return true;
  }
  const outside_event e = outside_events_.pop();
  now_ = std::max(now_, e.time);
  if (!e.is_idle) --outside_news_;
  e.target->on_time(e.argument);
  return true;
}

}  // namespace weft::sim
