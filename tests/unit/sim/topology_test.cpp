// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/topology.hpp>

#include <gtest/gtest.h>

#include <vector>

#include <weft/sim/world.hpp>
#include <weft/weft.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;

/// Leaves of two nodes; a message of 1000 bytes takes 1000 ns for each place that it passes.
sim::network_options tree(int uplinks) {
  sim::network_options net;
  net.ranks_per_node = 2;
  net.nodes_per_switch = 2;
  net.uplinks = uplinks;
  net.switch_latency = 500ns;
  return net;
}

TEST(sim_topology, without_a_tree_holds_nothing_up) {
  sim::topology flat{sim::network_options()};
  EXPECT_TRUE(flat.is_flat());
  EXPECT_EQ(flat.node_of(15), 0);
  EXPECT_EQ(flat.node_of(16), 1);
  EXPECT_EQ(flat.cross(0, 1, 7000, 1000), 7000);
  EXPECT_EQ(flat.cross(0, 2, 7000, 1000), 7000);
  EXPECT_EQ(flat.enter(1, 7000, 1000), 7000);
}

TEST(sim_topology, nodes_of_a_leaf_do_not_touch_its_uplinks) {
  sim::topology wires(tree(1));
  EXPECT_FALSE(wires.is_flat());
  EXPECT_EQ(wires.cross(0, 2, 0, 1000), 500);
  EXPECT_EQ(wires.cross(0, 1, 0, 1000), 0);
  EXPECT_EQ(wires.cross(1, 0, 0, 1000), 0);
}

TEST(sim_topology, one_uplink_takes_one_message_after_the_other) {
  sim::topology wires(tree(1));
  EXPECT_EQ(wires.cross(0, 2, 0, 1000), 500);
  EXPECT_EQ(wires.cross(1, 3, 0, 1000), 1500);    // waits for the wire up
  EXPECT_EQ(wires.cross(4, 2, 600, 1000), 2500);  // its wire up is free; waits for the wire down to the leaf of node 2
  EXPECT_EQ(wires.cross(2, 0, 600, 1000), 1100);  // the other direction is free
}

TEST(sim_topology, messages_take_the_spine_of_their_destination) {
  sim::topology wires(tree(2));
  EXPECT_EQ(wires.cross(0, 2, 0, 1000), 500);
  EXPECT_EQ(wires.cross(1, 3, 0, 1000), 500);   // by the other spine
  EXPECT_EQ(wires.cross(1, 2, 0, 1000), 1500);  // by that of the first one
  sim::topology as_many_as_nodes(tree(0));
  EXPECT_EQ(as_many_as_nodes.cross(0, 2, 0, 1000), 500);
  EXPECT_EQ(as_many_as_nodes.cross(1, 3, 0, 1000), 500);
}

TEST(sim_topology, ranks_of_a_node_may_share_its_ports) {
  sim::network_options net;
  net.shares_node_ports = true;
  sim::topology wires(net);
  EXPECT_EQ(wires.cross(0, 1, 0, 1000), 0);
  EXPECT_EQ(wires.cross(0, 2, 300, 1000), 1000);
  EXPECT_EQ(wires.cross(1, 0, 300, 1000), 300);
  EXPECT_EQ(wires.enter(1, 2000, 1000), 2000);
  EXPECT_EQ(wires.enter(1, 2100, 1000), 3000);
}

/// Each rank of the first half sends 10 MB to its partner in the second half at once: when the last one has got it, by
/// its own clock.
duration time_of_halves(const sim::network_options& net, int ranks) {
  sim::world_options options;
  options.network = net;
  options.network.picoseconds_per_byte = 1000;
  options.network.jitter = 0ns;
  options.network.eager_bytes = 1 << 30;
  sim::world cluster(options);
  time_point last{};
  const auto program = [&](context& ctx) -> task<> {
    communicator& all = ctx.world();
    const int half = ctx.size() / 2;
    co_await all.ibarrier();
    if (ctx.rank() < half) {
      co_await all.isend(ctx.rank() + half, 0, std::vector<char>(10'000'000));
      co_return;
    }
    const time_point start = ctx.loop().now();
    auto incoming = all.irecv<std::vector<char>>(ctx.rank() - half, 0);
    const std::vector<char> got = co_await std::move(incoming);
    last = std::max(last, time_point(ctx.loop().now() - start));
  };
  EXPECT_TRUE(cluster.run(program, ranks));
  return last.time_since_epoch();
}

TEST(sim_topology, decides_how_long_the_halves_of_a_machine_take_to_exchange) {
  // Eight nodes with two ranks each, four to a leaf; the messages of a leaf are 8 times 10 ms.
  sim::network_options net;
  net.ranks_per_node = 2;
  const auto expect_about = [](duration got, duration wanted) {
    EXPECT_GT(got, wanted - 100us);
    EXPECT_LT(got, wanted + 100us);
  };
  expect_about(time_of_halves(net, 16), 10ms);
  net.nodes_per_switch = 4;
  net.uplinks = 4;
  expect_about(time_of_halves(net, 16), 20ms);  // both ranks of a node take the same spine
  net.uplinks = 2;
  expect_about(time_of_halves(net, 16), 40ms);
  net.uplinks = 1;
  expect_about(time_of_halves(net, 16), 80ms);
  net.nodes_per_switch = 0;
  net.shares_node_ports = true;
  expect_about(time_of_halves(net, 16), 20ms);
}

}  // namespace
}  // namespace weft
