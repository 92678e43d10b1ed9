// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <weft/sim/world.hpp>
#include <weft/weft.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;

/// What a program's run of a seed must give in every build: other compilers, debug and release, other processes. A
/// change to how the loop polls or the network is modelled changes them; then
/// `weft_unit_sim --gtest_filter='sim_golden.*'` prints the lines that belong into the file.
struct golden_hash {
  const char* program;
  std::uint64_t seed;
  std::uint64_t hash;
};
const std::vector<golden_hash> golden_hashes{
#include "golden_hashes.inc"
};

/// Short and long messages, wildcards, timeouts, persistent operations.
task<> point_to_point(context& ctx) {
  communicator& world = ctx.world();
  const int next = (ctx.rank() + 1) % ctx.size();
  const int previous = (ctx.rank() + ctx.size() - 1) % ctx.size();
  for (int i = 0; i < 20; ++i) {
    auto coming = world.irecv<std::vector<int>>(any_source, i);
    auto leaving = world.isend(next, i, std::vector<int>(i % 4 == 0 ? 3000u : 3u, ctx.rank()));
    const std::vector<int> got = co_await std::move(coming);
    co_await std::move(leaving);
    if (got.front() != previous) throw error("from the wrong rank");
    co_await sleep_for(duration(100 * (ctx.rank() % 3)));
  }
  auto never_served = world.irecv<int>(any_source, 99);
  bool is_late = false;
  try {
    co_await with_timeout(std::move(never_served), 5us);
  } catch (const timed_out&) {
    is_late = true;
  }
  if (!is_late) throw error("nobody has sent this");
}

void collectives(context& ctx) {
  communicator& world = ctx.world();
  for (int i = 0; i < 10; ++i) {
    world.barrier();
    std::vector<double> data(static_cast<std::size_t>(i + 1) * 50, 1.0);
    world.bcast(data, i % ctx.size());
    world.allreduce(ctx.rank() + i, std::plus<>());
    world.scan(ctx.rank(), std::plus<>());
    world.allgather(std::string(static_cast<std::size_t>(ctx.rank() + i), 'x'));
    world.alltoall(std::vector<int>(static_cast<std::size_t>(ctx.size()), i));
    communicator part = world.split(ctx.rank() % 2, -ctx.rank());
    part.barrier();
  }
}

task<> port_flood(context& ctx) {
  std::uint64_t sum = 0;
  const auto add = [&sum](int source, std::uint64_t value) { sum += value * static_cast<std::uint64_t>(source + 1); };
  port<std::uint64_t> numbers(ctx, add);
  const auto add_text = [&sum](int, const std::string& text) { sum += text.size(); };
  port<std::string> texts(ctx, add_text);
  for (std::uint64_t i = 0; i < 300; ++i) {
    for (int r = 0; r < ctx.size(); ++r) numbers.post(r, i);
    if (i % 50 == 0) texts.post(static_cast<int>(i) % ctx.size(), std::string(i * 100, 'y'));
    if (i % 100 == 0) co_await sleep_for(2us);
  }
  co_await ctx.quiescence();
}

/// A small tree, grown by draws: what UTS does.
task<> tree(context& ctx) {
  work_queue<std::uint64_t> nodes(ctx);
  if (ctx.rank() == 0) co_await nodes.put(12345);
  nodes.close();
  while (auto node = co_await nodes.get()) {
    random_source random(**node);
    const std::uint64_t children = random.below(100) < 47 ? 2 : 0;
    for (std::uint64_t i = 0; i < children; ++i) co_await nodes.put(random());
    ctx.compute(1us);
  }
}

struct golden_program {
  const char* name;
  std::function<sim::outcome(sim::world&)> run;
  /// It uses ports, whose frames carry the compiler's names of types: see docs/design/simulator.md. The file has g++'s.
  bool sends_type_names = false;
};
#ifdef __clang__
constexpr bool names_types_as_in_file = false;
#else
constexpr bool names_types_as_in_file = true;
#endif
std::vector<golden_program> golden_programs() {
  return {{"point_to_point", [](sim::world& w) { return w.run(point_to_point, 16); }},
          {"collectives", [](sim::world& w) { return w.run(collectives, 7); }},
          {"port_flood", [](sim::world& w) { return w.run(port_flood, 5); }, true},
          {"tree", [](sim::world& w) { return w.run(tree, 12); }, true}};
}

std::uint64_t hash_of(const golden_program& program, std::uint64_t seed) {
  sim::world_options options;
  options.seed = seed;
  options.faults.pauses = 2;
  options.faults.slow_ranks = 2;
  options.faults.delays = 2;
  options.faults.within = 50us;
  options.faults.longest = 20us;
  sim::world cluster(options);
  const sim::outcome end = program.run(cluster);
  EXPECT_TRUE(end) << program.name << ": " << end.report;
  return cluster.hash();
}

TEST(sim_golden, hashes_are_those_of_the_file) {
  std::map<std::string, std::uint64_t> expected;
  for (const golden_hash& g : golden_hashes) expected[g.program + std::to_string(g.seed)] = g.hash;
  std::string lines;
  bool is_equal = true;
  for (const golden_program& program : golden_programs()) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const std::uint64_t hash = hash_of(program, seed);
      if (names_types_as_in_file || !program.sends_type_names)
        is_equal &= expected[program.name + std::to_string(seed)] == hash;
      char line[100];
      std::snprintf(line, sizeof line, "{\"%s\", %" PRIu64 ", 0x%016" PRIx64 "},\n", program.name, seed, hash);
      lines += line;
    }
  }
  EXPECT_TRUE(is_equal) << "tests/unit/sim/golden_hashes.inc would have to be:\n" << lines;
}

TEST(sim_golden, hashes_of_other_seeds_differ) {
  std::set<std::uint64_t> hashes;
  for (const golden_program& program : golden_programs()) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) hashes.insert(hash_of(program, seed));
  }
  EXPECT_EQ(hashes.size(), 40u);
}

/// Nothing may depend on what stands where in memory.
TEST(sim_golden, hashes_do_not_depend_on_addresses) {
  for (const golden_program& program : golden_programs()) {
    const std::uint64_t hash = hash_of(program, 1);
    std::vector<std::vector<char>> in_the_way;
    for (std::size_t size = 16; size < 20000; size += 48) in_the_way.emplace_back(size);
    for (std::size_t i = 0; i < in_the_way.size(); i += 2) in_the_way[i] = {};
    EXPECT_EQ(hash_of(program, 1), hash) << program.name;
  }
}

}  // namespace
}  // namespace weft
