// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/engine.hpp>

#include <algorithm>
#include <utility>

namespace weft::sim {

namespace {

constexpr std::size_t kept_events = 64;
// Timers of a rank that ring without any rank doing anything afterwards: more of them mean that only clocks are still
// alive.
constexpr std::uint64_t timers_in_vain_most = 1000;
// The clock of a world does not begin at zero: a time of zero is what nobody has set.
constexpr std::int64_t beginning = 1'000'000'000;

}  // namespace

void undertaker::on_time(std::uint64_t) {
  if (!of->ranks.empty()) of->ranks.front()->on.end(*of);
}

engine::engine(const world_options& options)
    : options_(options),
      random_(options.seed),
      network_random_(random_()),
      stacks_(options.limits.stack_bytes),
      now_(beginning),
      ring_(kept_events) {}

engine::~engine() {
  for (auto& one : lives_) end(*one);
  while (free_messages_ != nullptr) delete std::exchange(free_messages_, free_messages_->next);
}

life& engine::add_life(int ranks) {
  lives_.push_back(std::make_unique<life>());
  life& made = *lives_.back();
  made.number = static_cast<int>(lives_.size());
  made.started_at = now_;
  made.undertaker.of = &made;
  made.everyone = std::make_shared<group>();
  made.everyone->of = &made;
  made.everyone->size = ranks;
  made.ranks.reserve(static_cast<std::size_t>(ranks));
  for (int r = 0; r < ranks; ++r) {
    made.ranks.push_back(std::make_unique<endpoint>(*this, made, r, random_()));
    made.ranks.back()->add_comm(made.everyone, r);
  }
  return made;
}

void engine::start(endpoint& rank, std::function<void()> body) {
  rank.stack = stacks_.take();
  rank.thread.prepare(rank.stack, stacks_.bytes(), &engine::run_thread, &rank);
  bodies_[&rank] = std::move(body);
  rank.clock = now_;
  ++rank.of.running;
  events_.push(now_, event_kind::resume, &rank);
}

void engine::run_thread(void* argument) {
  auto& self = *static_cast<endpoint*>(argument);
  engine& on = self.on;
  if (on.leaving_ != nullptr) on.stacks_.give_back(std::exchange(on.leaving_, nullptr)->stack);
  {
    const std::function<void()> body = std::move(on.bodies_.at(&self));
    on.bodies_.erase(&self);
    body();
  }
  on.trace(self, traced::end, -1, -1, 0, 0);
  on.leave(self);
}

stop_reason engine::run(life& until) {
  until_ = &until;
  stop_ = stop_reason::none;
  switch_away(nullptr, false);
  return stop_;
}

void engine::end(life& over) {
  for (auto& rank : over.ranks) kill(*rank);
}

/// Goes on from what `from` was doing (null: the thread's own stack) to whoever is next.
void engine::switch_away(endpoint* from, bool is_last) {
  endpoint* const to = next();
  if (to == from) return;
  fiber& left = from != nullptr ? from->thread : outside_;
  fiber& entered = to != nullptr ? to->thread : outside_;
  if (swap_thread_state_ != nullptr) {
    void*& kept = from != nullptr ? from->thread_state : outside_state_;
    kept = swap_thread_state_(to != nullptr ? to->thread_state : outside_state_);
  }
  if (is_last) leaving_ = from;
  current_ = to;
  ++counts_.switches;
  fiber::swap(left, entered, is_last);
  if (leaving_ != nullptr) stacks_.give_back(std::exchange(leaving_, nullptr)->stack);
}

/// The rank that goes on, after everything that comes before it has happened; null when there is none, or no more.
endpoint* engine::next() {
  for (;;) {
    if (stop_ != stop_reason::none) return nullptr;
    if (until_->running == 0 || until_->is_crashed) {
      stop_ = stop_reason::life_over;
    } else if (events_.empty()) {
      stop_ = stop_reason::standstill;
    } else {
      const event e = events_.pop();
      if (e.kind != event_kind::resume) {
        happen(e);
        continue;
      }
      endpoint& rank = *e.who;
      now_ = e.time;
      if (rank.state != rank_state::ready) continue;
      if (rank.paused_until > e.time) {
        events_.push(rank.paused_until, event_kind::resume, &rank);
        continue;
      }
      rank.state = rank_state::running;
      rank.clock = std::max(rank.clock, e.time);
      return &rank;
    }
  }
}

void engine::happen(const event& e) {
  now_ = e.time;
  if (++counts_.events > options_.limits.events) stop_ = stop_reason::event_limit;
  if (now_ - until_->started_at > options_.limits.virtual_time.count()) stop_ = stop_reason::time_limit;
  switch (e.kind) {
    case event_kind::resume:
      break;
    case event_kind::timer:
      if (e.who->timer_queued != e.time) break;
      e.who->timer_queued = -1;
      if (e.who->state != rank_state::parked) break;
      if (e.who->deadline <= e.time) {
        wake(*e.who);
        if (++timers_in_vain_ > timers_in_vain_most * static_cast<std::uint64_t>(until_->running))
          stop_ = stop_reason::standstill;
      } else if (e.who->deadline != never.time_since_epoch().count()) {
        e.who->timer_queued = e.who->deadline;
        events_.push(e.who->deadline, event_kind::timer, e.who);
      }
      break;
    case event_kind::arrive:
      arrive(static_cast<message*>(e.what));
      break;
    case event_kind::transfer:
      transfer(static_cast<message*>(e.what));
      break;
    case event_kind::finish:
      if (e.who->state != rank_state::ended && e.argument < e.who->operations.size()) {
        e.who->complete(static_cast<std::uint32_t>(e.argument));
      }
      break;
    case event_kind::call:
      static_cast<event_target*>(e.what)->on_time(e.argument);
      break;
  }
}

void engine::pass(endpoint& self, duration length) noexcept {
  std::int64_t cost = length.count();
  if (self.slow_factor != 1 && self.clock < self.slow_until) cost *= self.slow_factor;
  self.clock += cost;
}

void engine::catch_up(endpoint& self) {
  while (!events_.empty() && events_.top().time < self.clock && events_.top().kind != event_kind::resume &&
         stop_ == stop_reason::none) {
    happen(events_.pop());
    if (self.state == rank_state::ended) leave(self);
  }
  const bool is_last = events_.empty() || events_.top().time >= self.clock;
  if (is_last && stop_ == stop_reason::none && self.paused_until <= self.clock) return;
  self.state = rank_state::ready;
  events_.push(self.clock, event_kind::resume, &self);
  switch_away(&self, false);
}

void engine::park(endpoint& self, std::int64_t deadline) {
  self.state = rank_state::parked;
  self.deadline = deadline;
  const bool is_known = self.timer_queued >= 0 && self.timer_queued <= deadline;
  if (deadline != never.time_since_epoch().count() && !is_known) {
    self.timer_queued = std::max(deadline, now_);
    events_.push(self.timer_queued, event_kind::timer, &self);
  }
  switch_away(&self, false);
}

void engine::wake(endpoint& rank) {
  ++rank.news;
  if (rank.state != rank_state::parked) return;
  rank.state = rank_state::ready;
  events_.push(std::max(now_, rank.clock), event_kind::resume, &rank);
}

void engine::abort(endpoint& self, int code) {
  life& one = self.of;
  if (!one.is_crashed) {
    one.is_crashed = true;
    one.abort_code = code;
    one.crashed_rank = self.rank;
  }
  end(one);
  leave(self);
}

void engine::kill(endpoint& rank) {
  if (rank.state == rank_state::ended) return;
  rank.state = rank_state::ended;
  for (const auto& clean_up : rank.at_kill) clean_up();
  rank.at_kill.clear();
  rank.drop_everything();
  if (rank.stack == nullptr) return;
  --rank.of.running;
  bodies_.erase(&rank);
  if (&rank != current_) stacks_.give_back(rank.stack);
}

void engine::leave(endpoint& self) {
  kill(self);
  switch_away(&self, true);
  std::terminate();  // nobody resumes it
}

void engine::pause(endpoint& rank, duration length) {
  rank.paused_until = std::max(rank.paused_until, now_ + length.count());
}

void engine::trace(endpoint& self, traced what, int peer, int tag, std::uint64_t bytes, std::uint32_t crc) {
  hash_.add(static_cast<std::uint64_t>(self.clock));
  hash_.add(static_cast<std::uint64_t>(what) << 56 ^ static_cast<std::uint64_t>(self.of.number) << 40 ^
            static_cast<std::uint64_t>(self.rank));
  hash_.add(static_cast<std::uint64_t>(static_cast<std::uint32_t>(peer)) << 32 | static_cast<std::uint32_t>(tag));
  hash_.add(bytes << 32 ^ crc);
  ring_[counts_.interface_events % kept_events] = {self.clock, self.rank, what, peer, tag, bytes, crc};
  ++counts_.interface_events;
  timers_in_vain_ = 0;
  life& one = self.of;
  if (++one.events != one.kill_at_event || current_ != &self) return;
  lose(self);
  leave(self);
}

void engine::lose(endpoint& rank) {
  life& one = rank.of;
  if (one.is_crashed) return;
  one.is_crashed = true;
  one.crashed_rank = rank.rank;
  kill(rank);
  if (options_.faults.zombies.count() == 0 || options_.disk.loses_power) {
    end(one);
  } else {
    const std::uint64_t most = static_cast<std::uint64_t>(options_.faults.zombies.count());
    const auto length = static_cast<std::int64_t>(random_.below(most) + 1);
    call_at(now_ + length, one.undertaker);
  }
}

std::vector<trace_entry> engine::last_events() const {
  std::vector<trace_entry> events;
  const std::uint64_t all = counts_.interface_events;
  for (std::uint64_t i = all > kept_events ? all - kept_events : 0; i < all; ++i)
    events.push_back(ring_[i % kept_events]);
  return events;
}

endpoint* engine::overflowed(const void* address) const noexcept {
  return current_ != nullptr && current_->thread.in_guard(address) ? current_ : nullptr;
}

}  // namespace weft::sim
