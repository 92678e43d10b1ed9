// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/engine.hpp>

#include <algorithm>
#include <ctime>
#include <utility>

namespace weft::sim {

namespace {

constexpr std::size_t kept_events = 64;
// Rounds of background events that change nothing before a run is called stuck.
constexpr int rounds_in_vain_most = 3;
constexpr std::size_t stack_places = 24;
constexpr std::size_t stack_step = 128;
// The clock of a world does not begin at zero: a time of zero is what nobody has set.
constexpr std::int64_t beginning = 1'000'000'000;

std::int64_t shortest_latency(const network_options& net) {
  return (net.ranks_per_node > 1 ? std::min(net.latency, net.node_latency) : net.latency).count();
}

}  // namespace

void undertaker::on_time(std::uint64_t) {
  if (!of->ranks.empty()) of->ranks.front()->on.end(*of);
}

engine::engine(const world_options& options)
    : options_(options),
      random_(options.seed),
      network_random_(random_()),
      topology_(options.network),
      stacks_(options.limits.stack_bytes),
      now_(beginning),
      lookahead_(shortest_latency(options.network)),
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
    made.ranks.back()->place = ranks_.add_rank();
    by_place_.push_back(made.ranks.back().get());
  }
  return made;
}

void engine::start(endpoint& rank, std::function<void()> body) {
  rank.stack = stacks_.take();
  // All stacks begin at the same place of a page, and would compete for the same lines of the caches.
  const std::size_t unused = static_cast<std::size_t>(rank.rank) % stack_places * stack_step;
  rank.thread.prepare(rank.stack, stacks_.bytes() - unused, &engine::run_thread, &rank);
  bodies_[&rank] = std::move(body);
  rank.clock = now_;
  ++rank.of.running;
  queue(rank);
}

void engine::run_thread(void* argument) {
  auto& self = *static_cast<endpoint*>(argument);
  engine& on = self.on;
  on.take_left_stack();
  {
    const std::function<void()> body = std::move(on.bodies_.at(&self));
    on.bodies_.erase(&self);
    on.restart_computation(self);
    body();
  }
  on.trace(self, traced::end, -1, -1, 0, 0);
  self.has_ended_well = true;
  on.leave(self);
}

stop_reason engine::run(life& until) {
  until_ = &until;
  stop_ = stop_reason::none;
  rounds_in_vain_ = 0;
  round_end_ = 0;
  switch_away(nullptr, false);
  return stop_;
}

void engine::end(life& over) {
  for (auto& rank : over.ranks) kill(*rank);
}

void engine::lose_power() {
  for (const auto& one : lives_) {
    for (const auto& rank : one->ranks) {
      for (const auto& stop : rank->at_power_loss) stop();
    }
  }
}

/// Goes on from what `from` was doing (null: the thread's own stack) to whoever is next.
void engine::switch_away(endpoint* from, bool is_last) {
  is_outside_ = true;
  endpoint* const to = next();
  is_outside_ = to == nullptr;
  if (to == from) return;
  // It may have been killed by what happened in `next`, which still stood on its stack.
  if (from != nullptr && from->state == rank_state::ended) is_last = true;
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
  take_left_stack();
}

void engine::take_left_stack() {
  if (leaving_ == nullptr) return;
  const endpoint& left = *std::exchange(leaving_, nullptr);
  if (left.has_ended_well) {
    stacks_.give_back(left.stack);
  } else {
    left.thread.abandon();
    stacks_.abandon(left.stack);
  }
}

/// The rank that goes on, after everything that comes before it has happened; null when there is none, or no more.
endpoint* engine::next() {
  if (chooser_ != nullptr) return next_chosen();
  for (;;) {
    if (stop_ != stop_reason::none) return nullptr;
    if (until_->running == 0 || until_->is_crashed) {
      stop_ = stop_reason::life_over;
    } else if (outside_events_.top_time() <= ranks_.top_time()) {
      if (outside_events_.empty()) {
        stop_ = stop_reason::standstill;
        continue;
      }
      const outside_event e = outside_events_.pop();
      now_ = e.time;
      count_event();
      if (!e.is_idle) {
        --outside_news_;
      } else if (is_stuck()) {
        stop_ = stop_reason::standstill;
      }
      e.target->on_time(e.argument);
    } else {
      now_ = ranks_.top_time();
      if (endpoint* const rank = turn_of(*by_place_[ranks_.top()])) return rank;
    }
  }
}

/// What the network has for the rank by now is taken in; returns the rank if it is to go on.
endpoint* engine::turn_of(endpoint& rank) {
  take_in(rank, now_);
  if (rank.state == rank_state::parked && rank.deadline <= now_ && chooser_ == nullptr) {
    if (!rank.waits.has_foreground_timer && is_stuck()) stop_ = stop_reason::standstill;
    wake(rank);
    count_event();
  }
  if (rank.state == rank_state::ready && rank.clock <= now_ && rank.paused_until <= now_) {
    ranks_.remove(rank.place);
    fetch_next();
    rank.state = rank_state::running;
    rank.clock = now_;
    return &rank;
  }
  queue(rank);
  return nullptr;
}

/// What the next rank begins with comes into the caches while this one runs.
void engine::fetch_next() const noexcept {
  if (ranks_.top_time() == rank_queue::no_time) return;
  const endpoint& next = *by_place_[ranks_.top()];
  __builtin_prefetch(&next.state);
  __builtin_prefetch(&next.inbox);
  __builtin_prefetch(&next.comms);
  __builtin_prefetch(&next.operations);
  next.thread.fetch();
  if (next.inbox.empty() || next.inbox.top().what == nullptr) return;
  const auto* const what = reinterpret_cast<const std::byte*>(next.inbox.top().what);
  __builtin_prefetch(what);
  __builtin_prefetch(what + 64);
}

/// Nothing but background events are left, and they have changed nothing for some rounds. A round lasts until every
/// timer that there was at its beginning has fired.
bool engine::is_stuck() {
  if (now_ < round_end_ || outside_news_ > 0) return false;
  std::uint64_t progress = 0;
  std::int64_t end = now_ + 1;
  for (const auto& one : lives_) {
    if (one->running == 0) continue;
    for (const auto& rank : one->ranks) {
      if (rank->state == rank_state::ended) continue;
      const wait_facts& waits = rank->waits;
      if (rank->state != rank_state::parked || !rank->inbox.empty() || waits.has_foreground_timer) return false;
      progress += waits.progress;
      if (waits.last_timer != never) end = std::max(end, waits.last_timer.time_since_epoch().count());
    }
  }
  round_end_ = end;
  rounds_in_vain_ = progress == last_progress_ ? rounds_in_vain_ + 1 : 0;
  last_progress_ = progress;
  return rounds_in_vain_ >= rounds_in_vain_most;
}

void engine::queue(endpoint& rank) {
  std::int64_t at = rank.inbox.top_time();
  if (rank.state == rank_state::ready) at = std::min(at, std::max({now_, rank.clock, rank.paused_until}));
  if (rank.state == rank_state::parked && chooser_ == nullptr) at = std::min(at, rank.deadline);
  ranks_.set(rank.place, at);
}

void engine::post(endpoint& to, std::int64_t at, delivery::kind is, message* what, std::uint32_t operation) {
  to.inbox.push({at, ++made_, what, operation, is});
  if (to.state != rank_state::running && at < ranks_.time_of(to.place)) ranks_.set(to.place, at);
}

void engine::count_event() {
  if (++counts_.events > options_.limits.events) stop_ = stop_reason::event_limit;
  if (now_ - until_->started_at > options_.limits.virtual_time.count()) stop_ = stop_reason::time_limit;
}

void engine::take_in(endpoint& rank, std::int64_t until) {
  while (rank.inbox.top_time() <= until) {
    const delivery d = rank.inbox.pop();
    now_ = d.time;
    count_event();
    switch (d.is) {
      case delivery::kind::arrive:
        arrive(d.what);
        break;
      case delivery::kind::transfer:
        transfer(d.what);
        break;
      case delivery::kind::finish:
        if (rank.state != rank_state::ended && d.operation < rank.operations.size()) rank.complete(d.operation);
        break;
    }
  }
}

std::int64_t engine::processor_time() noexcept {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<std::int64_t>(spent.tv_sec) * 1'000'000'000 + spent.tv_nsec;
}

void engine::pass(endpoint& self, duration length) noexcept {
  std::int64_t cost = length.count();
  if (self.slow_factor != 1 && self.clock < self.slow_until) cost *= self.slow_factor;
  self.clock += cost;
}

void engine::catch_up_now(endpoint& self) {
  const std::int64_t present = now_;
  take_in(self, self.clock - 1);
  now_ = present;
  const bool is_ahead = ranks_.top_time() < self.clock - lookahead_ || outside_events_.top_time() < self.clock;
  if (chooser_ != nullptr && !may_preempt(self)) return;
  if (chooser_ == nullptr && !is_ahead && self.paused_until <= self.clock && stop_ == stop_reason::none) return;
  self.state = rank_state::ready;
  queue(self);
  switch_away(&self, false);
}

void engine::park(endpoint& self, std::int64_t deadline) {
  self.state = rank_state::parked;
  self.deadline = deadline;
  queue(self);
  switch_away(&self, false);
}

void engine::wake(endpoint& rank) {
  ++rank.news;
  if (rank.state != rank_state::parked) return;
  rank.state = rank_state::ready;
  rank.clock = std::max(present(), rank.clock);
  queue(rank);
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
  ranks_.remove(rank.place);
  for (const auto& clean_up : rank.at_kill) clean_up();
  rank.at_kill.clear();
  rank.drop_everything();
  if (rank.stack == nullptr) return;
  --rank.of.running;
  bodies_.erase(&rank);
  if (&rank == current_) return;  // its stack is still in use
  rank.thread.abandon();
  stacks_.abandon(rank.stack);
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
  trace_entry& entry = ring_[counts_.interface_events % kept_events];
  entry = {self.clock, self.rank, what, peer, tag, bytes, crc};
  if (++counts_.interface_events >= watched_from_) [[unlikely]]
    watcher_->on_event(counts_.interface_events, entry);
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
