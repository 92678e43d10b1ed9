// SPDX-License-Identifier: BSL-1.0
#include <weft/queue/balance.hpp>

#include <algorithm>

namespace weft::detail {

balance::balance(context& ctx, balanced& queue)
    : ctx_(ctx),
      queue_(queue),
      wave_(ctx, [this](const std::array<std::int64_t, 2>& sums) { wave_done(sums); }),
      random_(0x9e3779b97f4a7c15u * (static_cast<std::uint64_t>(ctx.rank()) + 1)) {}

void balance::step() {
  if (drained_) return;
  if (queue_.queued() > 0) give();
  if (queue_.hungry()) seek();
  join_wave();
}

void balance::offer() {
  if (drained_ || registered_.empty() || queue_.queued() == 0) return;
  give();
  join_wave();
}

/// How many items may leave now: half, rounded up; the last one stays where somebody asks for items.
std::size_t balance::share() const noexcept {
  const std::size_t queued = queue_.queued();
  if (queued == 1 && queue_.consuming()) return 0;
  return (queued + 1) / 2;
}

int balance::choose_victim() {
  const int others = ctx_.size() - 1;
  const node_map node = ctx_.transport().node();
  if (tries_ < 2 && node.node_size > 1 && node.node_size <= others) {
    const int at = static_cast<int>(random_.below(static_cast<std::uint64_t>(node.node_size - 1)));
    return ctx_.transport().node_peer(at < node.node_rank ? at : at + 1);
  }
  const int at = static_cast<int>(random_.below(static_cast<std::uint64_t>(others)));
  return at < ctx_.rank() ? at : at + 1;
}

void balance::seek() {
  if (asked_ || on_lifelines_ || ctx_.size() == 1) return;
  if (tries_ >= std::min(most_tries, ctx_.size() - 1)) {
    register_with_lifelines();
    return;
  }
  const int victim = choose_victim();
  ++tries_;
  ++requests_;
  ++sent_;
  asked_ = true;
  queue_.send_request(victim);
}

void balance::register_with_lifelines() {
  on_lifelines_ = true;
  for (int bit = 1; bit < ctx_.size(); bit *= 2) {
    const int neighbour = ctx_.rank() ^ bit;
    if (neighbour >= ctx_.size()) continue;
    ++sent_;
    queue_.send_registration(neighbour);
  }
}

void balance::give() {
  while (!registered_.empty()) {
    const std::size_t count = share();
    if (count == 0) return;
    const int neighbour = registered_.front();
    registered_.erase(registered_.begin());
    ++sent_;
    queue_.send_items(neighbour, count, false);
  }
}

void balance::on_request(int thief) {
  ++received_;
  ++sent_;
  queue_.send_items(thief, share(), true);
  step();
}

void balance::on_registration(int neighbour) {
  ++received_;
  if (std::find(registered_.begin(), registered_.end(), neighbour) == registered_.end()) {
    registered_.push_back(neighbour);
  }
  step();
}

void balance::on_items(int, std::size_t count, bool is_answer) {
  ++received_;
  if (is_answer) asked_ = false;
  if (count > 0) {
    tries_ = 0;
    on_lifelines_ = false;
  }
  step();
}

void balance::join_wave() {
  if (in_wave_ || asked_ || !queue_.settled()) return;
  in_wave_ = true;
  wave_.contribute({sent_, received_});
}

void balance::wave_done(const std::array<std::int64_t, 2>& sums) {
  in_wave_ = false;
  if (sums[0] == sums[1] && sums == last_wave_) {
    drained_ = true;
    queue_.on_drained();
    return;
  }
  last_wave_ = sums;
  join_wave();
}

}  // namespace weft::detail
