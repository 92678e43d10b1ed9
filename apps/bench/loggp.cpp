// SPDX-License-Identifier: BSL-1.0
#include "loggp.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <weft/core/error.hpp>
#include <weft/sim/world.hpp>
#include <weft/weft.hpp>

namespace weft::bench {

namespace {

constexpr int rounds = 20;
// Where the ping-pong's curve is taken: both protocols have a slope of their own, and the longer one a step before it.
constexpr std::size_t short_least = 8, short_most = 2048, step_at = 8192, long_least = 32768, long_most = 131072;
// A sender that starts 64 messages pays more for each than one that starts a single one. What would leave no latency is
// no overhead of the ping-pong.
constexpr double overhead_most = 0.4;  // of half a round trip

struct parameters {
  double latency, overhead, gap, ps_per_byte, copy_ps_per_byte, handshake;
};

sim::network_options network_of(const parameters& p, std::uint64_t eager_bytes) {
  const auto whole = [](double ns) { return duration(std::max<std::int64_t>(std::llround(ns), 1)); };
  sim::network_options net;
  net.latency = net.node_latency = whole(p.latency);
  net.overhead = whole(p.overhead);
  net.gap = whole(p.gap);
  net.picoseconds_per_byte = std::max<std::int64_t>(std::llround(p.ps_per_byte), 0);
  net.copy_picoseconds_per_byte = std::max<std::int64_t>(std::llround(p.copy_ps_per_byte), 0);
  net.handshake = duration(std::max<std::int64_t>(std::llround(p.handshake), 0));
  net.jitter = duration(0);
  net.eager_bytes = eager_bytes;
  net.ranks_per_node = 2;
  return net;
}

/// Picoseconds per byte between two sizes of the ping-pong.
double slope(const pattern_times& of, std::size_t least, std::size_t most) {
  return 1000 * (of.ping_pong.at(most) - of.ping_pong.at(least)) / static_cast<double>(most - least);
}

pattern_times simulate(const sim::network_options& network) {
  sim::world_options options;
  options.network = network;
  sim::world cluster(options);
  pattern_times found;
  const auto program = [&](context& ctx) -> task<> {
    const pattern_times mine = co_await measure_patterns(ctx, {3, duration(0)});
    if (ctx.rank() == 0) found = mine;
  };
  const sim::outcome end = cluster.run(program, 2);
  if (!end) throw error("the simulated patterns failed: " + end.report);
  return found;
}

}  // namespace

fitted_network fit_network(const pattern_times& measured, std::uint64_t eager_bytes) {
  const double half_trip = measured.ping_pong.at(short_least);
  parameters p{half_trip / 3, std::min(measured.issue, overhead_most * half_trip), measured.window / 64, 0, 0, 0};
  for (int round = 0; round < rounds; ++round) {
    const pattern_times now = simulate(network_of(p, eager_bytes));
    p.overhead = std::clamp(p.overhead + measured.issue - now.issue, 1.0, overhead_most * half_trip);
    p.latency = std::max(p.latency + half_trip - now.ping_pong.at(short_least), 1.0);
    p.gap = std::max(p.gap + (measured.window - now.window) / 64, 1.0);
    p.ps_per_byte += slope(measured, long_least, long_most) - slope(now, long_least, long_most);
    p.copy_ps_per_byte = std::max(
        p.copy_ps_per_byte + (slope(measured, short_least, short_most) - slope(now, short_least, short_most)) / 2, 0.0);
    p.handshake = std::max(p.handshake + measured.ping_pong.at(step_at) - now.ping_pong.at(step_at), 0.0);
  }
  const sim::network_options network = network_of(p, eager_bytes);
  return {network, simulate(network)};
}

std::string settings_of(const sim::network_options& net) {
  return fmt::format(
      "latency={}ns,node_latency={}ns,overhead={}ns,gap={}ns,ps_per_byte={},copy_ps_per_byte={},handshake={}ns,eager={}"
      ","
      "jitter=0ns,ranks_per_node={}",
      net.latency.count(), net.node_latency.count(), net.overhead.count(), net.gap.count(), net.picoseconds_per_byte,
      net.copy_picoseconds_per_byte, net.handshake.count(), net.eager_bytes, net.ranks_per_node);
}

}  // namespace weft::bench
