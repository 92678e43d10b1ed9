// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/world.hpp>

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <string>
#include <vector>

#include <weft/weft.hpp>

namespace weft {
namespace {

std::string letters(int first, int end) {
  std::string text;
  for (int r = first; r < end; ++r) text += static_cast<char>('a' + r % 26);
  return text;
}

/// Two by two matrices modulo 1000 under multiplication: fixed size, associative, not commutative.
struct matrix {
  std::array<int, 4> m{1, 0, 0, 1};
  friend bool operator==(const matrix&, const matrix&) = default;
};
struct multiply {
  matrix operator()(const matrix& a, const matrix& b) const {
    const auto at = [](int x) { return x % 1000; };
    return {{at(a.m[0] * b.m[0] + a.m[1] * b.m[2]), at(a.m[0] * b.m[1] + a.m[1] * b.m[3]),
             at(a.m[2] * b.m[0] + a.m[3] * b.m[2]), at(a.m[2] * b.m[1] + a.m[3] * b.m[3])}};
  }
};
constexpr multiply times;
matrix of_rank(int r) { return {{r + 1, 1, r % 3, 2}}; }
matrix product(int first, int end) {
  matrix all;
  for (int r = first; r < end; ++r) all = times(all, of_rank(r));
  return all;
}

void check_all(context& ctx) {
  communicator& world = ctx.world();
  const int rank = world.rank();
  const int size = world.size();
  for (int root = 0; root < size; root += 1 + size / 3) {
    std::vector<int> data(rank == root ? 1000 : 0, root);
    world.bcast(data, root);
    EXPECT_EQ(data, std::vector<int>(1000, root));
    const auto sum = world.reduce(rank + 1, std::plus<>(), root);
    EXPECT_EQ(sum.has_value(), rank == root);
    EXPECT_EQ(sum.value_or(0), rank == root ? size * (size + 1) / 2 : 0);
    const auto multiplied = world.reduce(of_rank(rank), times, root);
    EXPECT_EQ(multiplied.value_or(matrix()), rank == root ? product(0, size) : matrix());
    const auto gathered = world.gather(std::string(static_cast<std::size_t>(rank), 'x'), root);
    for (std::size_t r = 0; r < gathered.size(); ++r) EXPECT_EQ(gathered[r], std::string(r, 'x'));
    std::vector<int> parts;
    if (rank == root) {
      parts.resize(static_cast<std::size_t>(size));
      std::iota(parts.begin(), parts.end(), root);
    }
    EXPECT_EQ(world.scatter(parts, root), root + rank);
  }
  EXPECT_EQ(world.allreduce(rank, maximum), size - 1);
  EXPECT_EQ(world.allreduce(of_rank(rank), times), product(0, size));
  EXPECT_EQ(world.scan(of_rank(rank), times), product(0, rank + 1));
  const matrix before = world.exscan(of_rank(rank), times);
  EXPECT_TRUE(rank == 0 || before == product(0, rank));
  const auto all = world.allgather(letters(rank, 2 * rank));
  for (int r = 0; r < size; ++r) EXPECT_EQ(all[static_cast<std::size_t>(r)], letters(r, 2 * r));
  std::vector<int> leaving(static_cast<std::size_t>(size));
  for (int r = 0; r < size; ++r) leaving[static_cast<std::size_t>(r)] = rank * 1000 + r;
  const std::vector<int> came = world.alltoall(leaving);
  for (int r = 0; r < size; ++r) EXPECT_EQ(came[static_cast<std::size_t>(r)], r * 1000 + rank);
}

void check_communicators(context& ctx) {
  communicator& world = ctx.world();
  const int rank = world.rank();
  communicator copy = world.dup();
  EXPECT_EQ(copy.rank(), rank);
  copy.send((rank + 1) % world.size(), 1, 1);
  world.send((rank + 1) % world.size(), 1, 2);
  EXPECT_EQ(world.recv<int>(any_source, any_tag), 2);
  EXPECT_EQ(copy.recv<int>(any_source, any_tag), 1);
  communicator part = world.split(rank % 3 == 2 ? -1 : rank % 3, -rank);
  EXPECT_EQ(static_cast<bool>(part), rank % 3 != 2);
  if (!part) return;
  const int members = (world.size() + 2 - rank % 3) / 3;
  EXPECT_EQ(part.size(), members);
  EXPECT_EQ(part.rank(), members - 1 - rank / 3);
  EXPECT_EQ(part.allreduce(rank, maximum), rank % 3 + 3 * (members - 1));
}

class sim_collectives : public ::testing::TestWithParam<int> {};

TEST_P(sim_collectives, give_what_their_definitions_say) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    sim::world_options options;
    options.seed = seed;
    options.faults.pauses = 2;
    options.faults.delays = 2;
    options.faults.within = std::chrono::microseconds(50);
    options.faults.longest = std::chrono::microseconds(30);
    sim::world cluster(options);
    const sim::outcome end = cluster.run(
        [](context& ctx) {
          check_all(ctx);
          check_communicators(ctx);
        },
        GetParam());
    EXPECT_TRUE(end) << "seed " << seed << ": " << end.report;
  }
}

INSTANTIATE_TEST_SUITE_P(ranks, sim_collectives, ::testing::Values(1, 2, 3, 4, 5, 7, 8, 13, 16, 33, 64));

}  // namespace
}  // namespace weft
