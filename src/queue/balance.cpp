// SPDX-License-Identifier: BSL-1.0
#include <weft/queue/balance.hpp>

#include <algorithm>
#include <bit>
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

/// How many items may leave now: half, rounded up; the last one stays where somebody takes its like.
std::size_t balance::share(std::uint64_t types, placement nearness) const noexcept {
  const std::size_t available = queue_.available(types, nearness);
  if (away_) return available;
  if (available == 1 && (queue_.available(types & queue_.consumed_types(), placement::rank) > 0 ||
                         WEFT_PLANTED("stealing.last_item_always_stays")))
    return 0;
  return (available + 1) / 2;
}

int balance::choose_victim() {
  const bool looks_ahead = tries_ahead_ > 0;
  if (looks_ahead && richest_.rank >= 0 && (tries_ >= 2 || is_near(richest_.rank)))
    return std::exchange(richest_, {}).rank;
  if (tries_ < 2 && !node_peers_.empty()) return node_peers_[random_.below(node_peers_.size())];
  if (hint_ >= 0 && hint_ != ctx_.rank()) {
    WEFT_REACHED("stealing.hint_is_followed");
    return std::exchange(hint_, -1);
  }
  const int at = static_cast<int>(random_.below(static_cast<std::uint64_t>(ctx_.size() - 1)));
  return at < ctx_.rank() ? at : at + 1;
}

void balance::seek() {
  if (away_ || ctx_.size() == 1) return;
  if (asked_ > 0 && !impatient_) return;
  const std::uint64_t types = queue_.wanted_types();
  if ((types & ~on_lifelines_) == 0) return;
  impatient_ = false;
  if (asked_ >= most_asked || tries_ >= std::min(most_tries, ctx_.size() - 1)) {
    register_with_lifelines(types);
  } else {
    ++tries_;
    ask(types, false);
  }
}

void balance::look_ahead(std::uint64_t types) {
  if (away_ || drained_ || retired_ || asked_ > 0 || ctx_.size() == 1 || tries_ahead_ == most_tries_ahead) return;
  WEFT_REACHED("stealing.in_advance");
  ++tries_ahead_;
  ask(types, true);
}

void balance::ask(std::uint64_t types, bool is_ahead) {
  const int victim = choose_victim();
  ++requests_;
  ++sent_;
  ++asked_;
  queue_.send_request(victim, types, is_ahead);
  if (timer_.queued()) ctx_.loop().timers().cancel(timer_);
  ctx_.loop().timers().add(timer_, saturating_add(ctx_.loop().now(), patience));
}

void balance::register_with_lifelines(std::uint64_t types) {
  WEFT_REACHED("stealing.lifelines_are_asked");
  on_lifelines_ = types;
  const auto tell = [this, types](int rank) {
    ++sent_;
    queue_.send_registration(rank, types, own);
  };
  for (int bit = 1; bit < ctx_.size(); bit *= 2) {
    if ((ctx_.rank() ^ bit) < ctx_.size()) tell(ctx_.rank() ^ bit);
  }
  for (const branch& to : branches()) {
    const auto apart = static_cast<unsigned>(ctx_.rank() ^ to.rank);
    if (!std::has_single_bit(apart)) tell(to.rank);  // of this node, but no neighbour in the hypercube
  }
}

/// Neighbours in a binomial tree of `size` ranks, of which this one is number `at`.
void balance::add_branches(int at, int size, int tree) {
  const auto add = [this, tree](int other) {
    branches_.push_back({tree == node_tree ? ctx_.transport().node_peer(other) : other, tree, 0});
  };
  if (at != 0) add(at & (at - 1));
  for (int bit = 1; bit < size && (at & bit) == 0; bit *= 2) {
    if (at + bit < size) add(at + bit);
  }
}

std::vector<balance::branch>& balance::branches() {
  if (!branches_.empty()) return branches_;
  const node_map node = ctx_.transport().node();
  add_branches(node.node_rank, node.node_size, node_tree);
  if (node.node_size < ctx_.size()) add_branches(ctx_.rank(), ctx_.size(), world_tree);
  return branches_;
}

bool balance::is_branch(int rank, int tree) const noexcept {
  return std::any_of(branches_.begin(), branches_.end(),
                     [rank, tree](const branch& b) { return b.rank == rank && b.tree == tree; });
}

void balance::ask_for_others() {
  if (registered_.empty() || drained_ || retired_ || WEFT_PLANTED("stealing.nobody_asks_for_others")) return;
  const std::uint64_t consumed = queue_.consumed_types();
  for (branch& to : branches()) {
    std::uint64_t types = 0;
    for (const neighbour& from : registered_) {
      if (from.rank == to.rank) continue;
      if (from.tree == to.tree || (from.tree == own && is_branch(from.rank, to.tree))) types |= from.types;
    }
    types &= ~(to.asked | consumed);
    if (types == 0) continue;
    WEFT_REACHED("stealing.asked_for_others");
    to.asked |= types;
    ++sent_;
    queue_.send_registration(to.rank, types, to.tree);
  }
}

void balance::send(int to, std::size_t count, std::uint64_t types, placement nearness, bool is_answer) {
  ++sent_;
  const std::size_t available = queue_.available(types, nearness);
  const auto left = static_cast<std::uint32_t>(std::min<std::size_t>(available - std::min(count, available), ~0u));
  const supply richest = left > 0 && left >= richest_.items ? supply{ctx_.rank(), left} : richest_;
  if (queue_.send_items(to, count, types, nearness, is_answer, last_thief_, richest) > 0) last_thief_ = to;
}

void balance::give() {
  for (std::size_t at = 0; at < registered_.size();) {
    const neighbour to = registered_[at];
    // What is asked for along the tree of all ranks may be for another node.
    const placement near = to.tree == world_tree ? placement::anywhere : nearness(to.rank);
    const std::size_t count = share(to.types, near);
    if (count == 0) {
      ++at;
      continue;
    }
    WEFT_REACHED("stealing.gift_to_a_lifeline");
    registered_.erase(registered_.begin() + static_cast<std::ptrdiff_t>(at));
    send(to.rank, count, to.types, near, false);
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
    send(to, count, all, nearness(to), false);
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

void balance::on_request(int thief, std::uint64_t types, bool is_ahead) {
  was_asked_ = true;
  const placement near = nearness(thief);
  const std::size_t count = is_ahead && !away_ ? queue_.available(types, near) / 2 : share(types, near);
  send(thief, count, types, near, true);
  step();
}

void balance::on_registration(int rank, std::uint64_t types, int tree) {
  was_asked_ = true;
  auto known = std::find_if(registered_.begin(), registered_.end(),
                            [rank, tree](const neighbour& n) { return n.rank == rank && n.tree == tree; });
  if (known == registered_.end()) {
    registered_.push_back({rank, tree, types});
  } else {
    known->types = tree == own ? types : known->types | types;
  }
  step();
}

void balance::on_items(int from, std::size_t count, bool is_answer, int hint, const supply& richest) {
  if (!is_answer) {
    for (branch& b : branches_) {
      if (b.rank == from) b.asked = 0;
    }
  }
  if (is_answer && --asked_ == 0 && timer_.queued()) {
    ctx_.loop().timers().cancel(timer_);
    impatient_ = false;
  }
  if (count > 0) {
    tries_ = tries_ahead_ = 0;
    if (!WEFT_PLANTED("stealing.no_search_after_a_gift")) on_lifelines_ = 0;
  } else {
    ++failed_requests_;
    hint_ = hint;
  }
  if (richest.items > richest_.items && richest.rank != ctx_.rank()) richest_ = richest;
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
