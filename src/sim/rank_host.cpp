// SPDX-License-Identifier: BSL-1.0
#include "sim/rank_host.hpp"

#include <algorithm>
#include <utility>

namespace weft::sim {

rank_host::rank_host(endpoint& self, disks& all)
    : self_(self),
      children_(self, all, [this](const host_event& event, std::string text) { add({event, std::move(text)}); }) {}

void rank_host::add(item one) {
  news_.push_back(std::move(one));
  self_.on.wake(self_);
}

bool rank_host::take(host_event& next) {
  if (news_.empty()) return false;
  next = news_.front().event;
  handed_out_.push_back(std::move(news_.front().text));
  news_.pop_front();
  next.data = std::as_bytes(std::span<const char>(handed_out_.back()));
  return true;
}

void rank_host::abandon(child_id which) {
  children_.abandon(which);
  news_.erase(std::remove_if(news_.begin(), news_.end(), [&](const item& one) { return one.event.child == which; }),
              news_.end());
}

bool rank_host::raise(int signal) {
  const auto watched = signals.find(signal);
  if (watched == signals.end()) return false;
  host_event event{};
  event.what = host_event::kind::signal;
  event.signal = signal;
  event.token = watched->second;
  add({event, {}});
  return true;
}

void rank_host::close() {
  if (std::exchange(is_closed_, true)) return;
  children_.lose_rank();
  signals.clear();
  news_.clear();
  handed_out_.clear();
}

}  // namespace weft::sim
