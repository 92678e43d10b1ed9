// SPDX-License-Identifier: BSL-1.0
#include <weft/queue/balance.hpp>

#include <algorithm>
#include <utility>

#include <weft/core/planted_fault.hpp>

namespace weft::detail {

balance::balance(context& ctx, balanced& queue)
    : ctx_(ctx),
      queue_(queue),
      wave_(ctx, [this](const std::array<std::int64_t, 3>& sums) { wave_done(sums); }),
      random_(0x9e3779b97f4a7c15u * (static_cast<std::uint64_t>(ctx.rank()) + 1)) {
  const node_map node = ctx.transport().node();
  for (int at = 0; at < node.node_size; ++at) {
    if (at != node.node_rank) node_peers_.push_back(ctx.transport().node_peer(at));
  }
  timer_.of = this;
  timer_.role = timer_role::background;
  timer_.fire = [](timer_node& self) noexcept {
    balance& of = *static_cast<patience_timer&>(self).of;
    WEFT_REACHED("stealing.victim_does_not_answer");
    of.impatient_ = true;
    of.ctx_.loop().note_work();
  };
}

balance::~balance() {
  if (timer_.queued()) ctx_.loop().timers().cancel(timer_);
}

void balance::step() {
  if (drained_) return;
  if (wanted()) give();
  if (away_) give_away();
  seek();
  join_wave();
}

void balance::offer() {
  if (drained_) return;
  if (wanted()) give();
  if (impatient_) seek();
  join_wave();
}

placement balance::nearness(int rank) const noexcept {
  if (rank == ctx_.rank()) return placement::rank;
  return ctx_.transport().same_node(rank) ? placement::node : placement::anywhere;
}

/// How many items may leave now: half, rounded up; the last one stays where somebody asks for items.
std::size_t balance::share(std::uint64_t types, placement nearness) const noexcept {
  const std::size_t available = queue_.available(types, nearness);
  if (available == 1 && (queue_.consuming(types) || WEFT_PLANTED("stealing.last_item_always_stays")) && !away_)
    return 0;
  return away_ ? available : (available + 1) / 2;
}

int balance::choose_victim() {
  if (tries_ < 2 && !node_peers_.empty()) return node_peers_[random_.below(node_peers_.size())];
  if (hint_ >= 0 && hint_ != ctx_.rank()) {
    WEFT_REACHED("stealing.hint_is_followed");
    return std::exchange(hint_, -1);
  }
  const int at = static_cast<int>(random_.below(static_cast<std::uint64_t>(ctx_.size() - 1)));
  return at < ctx_.rank() ? at : at + 1;
}

void balance::seek() {
  if (on_lifelines_ || away_ || ctx_.size() == 1) return;
  if (asked_ > 0 && !impatient_) return;
  const std::uint64_t types = queue_.wanted_types();
  if (types == 0) return;
  impatient_ = false;
  if (asked_ >= most_asked || tries_ >= std::min(most_tries, ctx_.size() - 1)) {
    register_with_lifelines(types);
  } else {
    ask(types);
  }
}

void balance::ask(std::uint64_t types) {
  const int victim = choose_victim();
  ++tries_;
  ++requests_;
  ++sent_;
  ++asked_;
  queue_.send_request(victim, types);
  if (timer_.queued()) ctx_.loop().timers().cancel(timer_);
  ctx_.loop().timers().add(timer_, saturating_add(ctx_.loop().now(), patience));
}

void balance::register_with_lifelines(std::uint64_t types) {
  WEFT_REACHED("stealing.lifelines_are_asked");
  on_lifelines_ = true;
  for (int bit = 1; bit < ctx_.size(); bit *= 2) {
    const int rank = ctx_.rank() ^ bit;
    if (rank >= ctx_.size()) continue;
    ++sent_;
    queue_.send_registration(rank, types);
  }
}

std::size_t balance::send(int to, std::size_t count, std::uint64_t types, bool is_answer) {
  ++sent_;
  const std::size_t sent = queue_.send_items(to, count, types, nearness(to), is_answer, last_thief_);
  if (sent > 0) last_thief_ = to;
  return sent;
}

void balance::give() {
  for (std::size_t at = 0; at < registered_.size();) {
    const neighbour to = registered_[at];
    const std::size_t count = share(to.types, nearness(to.rank));
    if (count == 0) {
      ++at;
      continue;
    }
    WEFT_REACHED("stealing.gift_to_a_lifeline");
    registered_.erase(registered_.begin() + static_cast<std::ptrdiff_t>(at));
    send(to.rank, count, to.types, false);
  }
}

/// The other ranks in turn, those of this node first.
int balance::next_peer() noexcept {
  if (next_peer_ < node_peers_.size()) return node_peers_[next_peer_++];
  const std::size_t others = static_cast<std::size_t>(ctx_.size()) - 1;
  const std::size_t step = next_peer_++ - node_peers_.size();
  if (next_peer_ >= node_peers_.size() + others) next_peer_ = 0;
  return static_cast<int>((static_cast<std::size_t>(ctx_.rank()) + 1 + step) % (others + 1));
}

void balance::give_away() {
  constexpr std::uint64_t all = ~std::uint64_t{0};
  const std::size_t others = static_cast<std::size_t>(ctx_.size()) - 1 - absent_.size();
  if (others == 0) return;
  const std::size_t each = (queue_.available(all, placement::node) + others - 1) / others;
  // What only this node may take goes to its ranks alone: one round may leave nothing to do for far ranks.
  for (int round = 0; round < 2 * ctx_.size();) {
    const int to = next_peer();
    const std::size_t count = is_present(to) ? std::min(each, queue_.available(all, nearness(to))) : 0;
    round = count == 0 ? round + 1 : 0;
    if (count == 0) continue;
    WEFT_REACHED("stealing.given_away_by_a_rank_that_left");
    send(to, count, all, false);
  }
}

bool balance::is_present(int rank) const noexcept {
  return std::find(absent_.begin(), absent_.end(), rank) == absent_.end();
}

void balance::leave() {
  away_ = true;
  sent_ += ctx_.size() - 1;
  queue_.send_presence(true);
  step();
}

void balance::join() {
  away_ = false;
  tries_ = 0;
  sent_ += ctx_.size() - 1;
  queue_.send_presence(false);
  step();
}

void balance::on_presence(int rank, bool away) {
  std::erase(absent_, rank);
  if (away) absent_.push_back(rank);
  step();
}

void balance::on_request(int thief, std::uint64_t types) {
  was_asked_ = true;
  send(thief, share(types, nearness(thief)), types, true);
  step();
}

void balance::on_registration(int rank, std::uint64_t types) {
  was_asked_ = true;
  auto known =
      std::find_if(registered_.begin(), registered_.end(), [rank](const neighbour& n) { return n.rank == rank; });
  if (known == registered_.end()) {
    registered_.push_back({rank, types});
  } else {
    known->types = types;
  }
  step();
}

void balance::on_items(int, std::size_t count, bool is_answer, int hint) {
  if (is_answer && --asked_ == 0 && timer_.queued()) {
    ctx_.loop().timers().cancel(timer_);
    impatient_ = false;
  }
  if (count > 0) {
    tries_ = 0;
    on_lifelines_ = on_lifelines_ && WEFT_PLANTED("stealing.no_search_after_a_gift");
  } else {
    ++failed_requests_;
    hint_ = hint;
  }
  step();
}

void balance::join_wave() {
  const bool was_settled = std::exchange(was_settled_, queue_.settled());
  if (was_settled_ && !was_settled) settled_at_ = ctx_.loop().now();
  if (in_wave_ || asked_ > 0 || !was_settled_) return;
  in_wave_ = true;
  ++waves_;
  wave_.contribute({sent_, received_, std::exchange(from_later_wave_, false) ? 1 : 0});
}

void balance::wave_done(const std::array<std::int64_t, 3>& sums) {
  in_wave_ = false;
  if (sums[0] == sums[1] && (sums[2] == 0 || WEFT_PLANTED("termination.later_wave_is_ignored"))) {
    drained_ = true;
    ending_ = ctx_.loop().now() - settled_at_;
    queue_.on_drained();
    return;
  }
  if (sums[0] == sums[1]) WEFT_REACHED("termination.message_crossed_the_wave");
  join_wave();
}

void balance::add_to(queue_stats& stats) const noexcept {
  stats.requests = requests_;
  stats.failed_requests = failed_requests_;
  stats.ending = ending_;
}

}  // namespace weft::detail
