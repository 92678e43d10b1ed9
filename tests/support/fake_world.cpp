// SPDX-License-Identifier: BSL-1.0
#include "fake_world.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace weft::testing {

fake_cluster::fake_cluster(int ranks, fake_options options)
    : state_(ranks, std::move(options)), hosts_(static_cast<std::size_t>(ranks)) {
  const int per_node = state_.options.ranks_per_node > 0 ? state_.options.ranks_per_node : ranks;
  for (int first = 0; first < ranks; first += per_node) node_disks_.push_back(std::make_shared<fake_disk>());
}

weft::world fake_cluster::world(int rank) {
  auto& host_state = hosts_.at(static_cast<std::size_t>(rank));
  auto transport = std::make_unique<detail::fake_transport>(state_.at(rank));
  const int node = transport->node_peer(0) == 0 ? 0 : rank / state_.options.ranks_per_node;
  if (!host_state) {
    host_state = std::make_shared<fake_host_state>();
    host_state->seed = static_cast<std::uint64_t>(rank);
    host_state->node.name = "node" + std::to_string(node);
    host_state->node.process_id = 1000 + rank;
  }
  weft::world made;
  made.transport = std::move(transport);
  made.host = std::make_unique<fake_host>(host_state);
  made.storage = std::make_unique<fake_storage>(shared_disk_, node_disks_[static_cast<std::size_t>(node)],
                                                [this] { return state_.now; });
  return made;
}

void fake_cluster::advance_to(time_point when) {
  state_.now = std::max(state_.now, when);
  ++state_.activity;
}

void fake_cluster::resume(int rank) {
  state_.at(rank).is_stopped = false;
  ++state_.activity;
}

fake_disk& fake_cluster::node_disk(int node) { return *node_disks_.at(static_cast<std::size_t>(node)); }

std::size_t fake_cluster::unreceived(int rank) {
  detail::endpoint& e = state_.at(rank);
  std::size_t n = e.in_flight.size() + e.matched.size();
  for (const auto& entry : e.comms) n += entry.second.unexpected.size();
  return n;
}

std::function<unsigned(int, int)> random_delay(std::uint64_t seed, unsigned most) {
  return [random = std::mt19937_64(seed), most](int, int) mutable {
    return std::uniform_int_distribution<unsigned>(0, most)(random);
  };
}

}  // namespace weft::testing
