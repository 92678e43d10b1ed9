// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <vector>

#include <weft/sim/options.hpp>

namespace weft::sim {

/// Where messages of different nodes wait for each other beside the ports of their ranks: at the ports of nodes, if
/// ranks share them, and at the wires of a fat tree of two levels (Leiserson, "Fat-trees", IEEE Transactions on
/// Computers 1985). Each leaf switch has one wire up to, and one down from, each of `uplinks` spine switches; a message
/// takes the spine of its destination (d-mod-k routing: Zahavi, "Fat-tree routing and node ordering providing contention
/// free traffic for MPI global collectives", JPDC 2012). A wire is taken by one message after the other, for as long as
/// a port is; the head of a message goes on at once (cut-through).
class topology {
 public:
  explicit topology(const network_options& network);

  int node_of(int rank) const noexcept { return rank / ranks_per_node_; }
  /// Nothing is shared: a message passes unhindered.
  bool is_flat() const noexcept { return is_flat_; }
  /// The head of a message leaves a node at `at`, for another one, and takes `busy` to pass a place. When it has come to
  /// the last wire, without the latency that all messages have.
  std::int64_t cross(int from, int to, std::int64_t at, std::int64_t busy);
  /// The head reaches the node at `at`: when its port takes it.
  std::int64_t enter(int to, std::int64_t at, std::int64_t busy);

 private:
  static std::int64_t take(std::vector<std::int64_t>& free, std::size_t which, std::int64_t at, std::int64_t busy);

  int ranks_per_node_;
  bool shares_ports_;
  int nodes_per_switch_;
  int uplinks_;
  std::int64_t switch_latency_;
  bool is_flat_;
  // When they are free again: by node, and by switch and spine.
  std::vector<std::int64_t> out_, in_, up_, down_;
};

}  // namespace weft::sim
