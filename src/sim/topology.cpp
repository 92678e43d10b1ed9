// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/topology.hpp>

#include <algorithm>

namespace weft::sim {

topology::topology(const network_options& network)
    : ranks_per_node_(network.ranks_per_node),
      shares_ports_(network.shares_node_ports),
      nodes_per_switch_(network.nodes_per_switch),
      uplinks_(network.uplinks > 0 ? network.uplinks : network.nodes_per_switch),
      switch_latency_(network.switch_latency.count()),
      is_flat_(!shares_ports_ && nodes_per_switch_ == 0) {}

std::int64_t topology::take(std::vector<std::int64_t>& free, std::size_t which, std::int64_t at, std::int64_t busy) {
  if (which >= free.size()) free.resize(which + 1);
  const std::int64_t begin = std::max(at, free[which]);
  free[which] = begin + busy;
  return begin;
}

std::int64_t topology::cross(int from, int to, std::int64_t at, std::int64_t busy) {
  if (shares_ports_) at = take(out_, static_cast<std::size_t>(from), at, busy);
  if (nodes_per_switch_ == 0 || from / nodes_per_switch_ == to / nodes_per_switch_) return at;
  const auto wire = [this](int node, int spine) {
    return static_cast<std::size_t>(node / nodes_per_switch_ * uplinks_ + spine);
  };
  const int spine = to % uplinks_;
  at = take(up_, wire(from, spine), at, busy);
  at = take(down_, wire(to, spine), at + switch_latency_, busy);
  return at;
}

std::int64_t topology::enter(int to, std::int64_t at, std::int64_t busy) {
  return shares_ports_ ? take(in_, static_cast<std::size_t>(to), at, busy) : at;
}

}  // namespace weft::sim
