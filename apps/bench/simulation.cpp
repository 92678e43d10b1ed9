// SPDX-License-Identifier: BSL-1.0
#include "simulation.hpp"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <numeric>
#include <utility>

#include <weft/core/random.hpp>
#include <weft/sim/world.hpp>
#include <weft/weft.hpp>

#include "allocations.hpp"

namespace weft::bench {

namespace {

constexpr int ranks = 1024;
constexpr double asked_message_ns = 1000;
constexpr double asked_start_ns = 1e9;

double processor_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + 1e-9 * static_cast<double>(spent.tv_nsec);
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double all = 0;
  double resident = 0;
  statm >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// Who sends to whom in a round: each rank to one that is drawn for it.
struct pairs {
  std::vector<int> to, from;
};

std::vector<pairs> draw_pairs(int rounds) {
  std::vector<pairs> all(static_cast<std::size_t>(rounds));
  random_source random(7);
  for (pairs& round : all) {
    round.to.resize(ranks);
    round.from.resize(ranks);
    std::iota(round.to.begin(), round.to.end(), 0);
    for (std::size_t i = ranks; i-- > 1;) std::swap(round.to[i], round.to[random.below(i + 1)]);
    for (std::size_t r = 0; r < ranks; ++r) round.from[static_cast<std::size_t>(round.to[r])] = static_cast<int>(r);
  }
  return all;
}

/// A rank has `window` messages under way each way.
task<> exchange(context& ctx, const std::vector<pairs>& rounds, std::size_t window) {
  communicator& world = ctx.world();
  const auto me = static_cast<std::size_t>(ctx.rank());
  std::vector<future<double>> coming;
  coming.reserve(window);
  for (std::size_t round = 0; round < rounds.size(); round += window) {
    for (std::size_t i = round; i < round + window; ++i) coming.push_back(world.irecv<double>(rounds[i].from[me], 0));
    for (std::size_t i = round; i < round + window; ++i) co_await world.isend(rounds[i].to[me], 0, 1.0);
    for (auto& one : coming) (void)co_await std::move(one);
    coming.clear();
  }
}

row messages(int window, int repetitions) {
  const std::vector<pairs> rounds = draw_pairs(512);
  std::vector<double> ns;
  double allocations = 0;
  for (int i = 0; i < repetitions; ++i) {
    sim::world cluster;
    double begin = 0;
    double end = 0;
    std::size_t allocated = 0;
    const auto program = [&](context& ctx) -> task<> {
      co_await ctx.world().ibarrier();
      if (begin == 0) {
        begin = processor_seconds();
        allocated = allocation_count();
      }
      co_await exchange(ctx, rounds, static_cast<std::size_t>(window));
      end = processor_seconds();
      allocations = static_cast<double>(allocation_count() - allocated);
    };
    const sim::outcome result = cluster.run(program, ranks);
    if (!result) throw error("the simulated exchange failed: " + result.report);
    ns.push_back((end - begin) / static_cast<double>(rounds.size() * ranks) * 1e9);
  }
  const double ours = median(ns);
  return {"message/" + std::to_string(window), "asked", ours, asked_message_ns, ours / asked_message_ns,
          allocations / static_cast<double>(rounds.size() * ranks)};
}

row start(int repetitions, double& resident) {
  std::vector<double> ns;
  for (int i = 0; i < repetitions; ++i) {
    const double bytes = resident_bytes();
    const double begin = processor_seconds();
    sim::world cluster;
    double most = bytes;
    const auto program = [&](context& ctx) {
      const auto handler = [](int, int) {};
      const port<int> numbers(ctx, handler);
      ctx.world().barrier();
      if (ctx.rank() == 0) most = std::max(most, resident_bytes());
      ctx.world().barrier();
    };
    const sim::outcome result = cluster.run(program, ranks);
    if (!result) throw error("the simulated start failed: " + result.report);
    ns.push_back((processor_seconds() - begin) * 1e9);
    if (i == 0) resident = (most - bytes) / ranks;  // later lives use the first one's memory again
  }
  const double ours = median(ns);
  return {"start/" + std::to_string(ranks), "asked", ours, asked_start_ns, ours / asked_start_ns, 0};
}

}  // namespace

simulation_figures simulation(const std::string& only, bool quick) {
  simulation_figures all;
  const int repetitions = quick ? 1 : 5;
  if (std::string("start/1024").starts_with(only)) all.rows.push_back(start(repetitions, all.resident_bytes_per_rank));
  for (const int window : {1, 16}) {
    if (("message/" + std::to_string(window)).starts_with(only)) all.rows.push_back(messages(window, repetitions));
  }
  return all;
}

}  // namespace weft::bench
