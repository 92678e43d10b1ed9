// SPDX-License-Identifier: BSL-1.0
// Every collective, from every root, with values of known and unknown size.
#include <algorithm>
#include <array>

#include "conformance.hpp"

namespace weft::conformance {
namespace {

/// Not commutative: the order of the ranks shows. Composition of x -> a x + b, modulo 2^64.
struct affine {
  std::uint64_t a = 1;
  std::uint64_t b = 0;
};
struct then {
  affine operator()(const affine& first, const affine& second) const {
    return {first.a * second.a, first.b * second.a + second.b};
  }
};
affine own(const context& ctx) {
  const auto rank = static_cast<std::uint64_t>(ctx.rank());
  return {2 * rank + 3, rank + 1};
}
std::string text(const affine& f) { return std::to_string(f.a) + "x+" + std::to_string(f.b); }

std::vector<int> of_own_size(const context& ctx) {
  return std::vector<int>(static_cast<std::size_t>(3 * ctx.rank() % 5), ctx.rank());
}
template <class Lists>
std::string joined(const Lists& lists) {
  std::string all;
  for (const auto& list : lists) all += '[' + listed(list) + ']';
  return all;
}

void barriers(context& ctx, notes& seen) {
  auto& world = ctx.world();
  for (int i = 0; i < 5; ++i) world.barrier();
  auto pending = world.ibarrier();
  world.barrier();
  pending.get();
  seen.add("passed");
}

void broadcasts(context& ctx, notes& seen) {
  auto& world = ctx.world();
  for (int root = 0; root < ctx.size(); ++root) {
    int number = ctx.rank() == root ? 100 + root : -1;
    world.bcast(number, root);
    std::string word = ctx.rank() == root ? std::string(static_cast<std::size_t>(1000 * root + 1), 'w') : "";
    world.bcast(word, root);
    std::array<double, 3> three{};
    if (ctx.rank() == root) three = {1.0, 2.0, root + 0.5};
    world.bcast(std::span<double>(three), root);
    seen.add(std::to_string(number) + ' ' + std::to_string(word.size()) + ' ' + listed(three));
  }
}

void reductions(context& ctx, notes& seen) {
  auto& world = ctx.world();
  for (int root = 0; root < ctx.size(); ++root) {
    const auto added = world.reduce(ctx.rank() + 1, sum, root);
    seen.check(added.has_value() == (ctx.rank() == root), "the root has it, and only the root");
    const auto composed = world.reduce(own(ctx), then{}, root);
    if (composed) seen.add(std::to_string(*added) + ' ' + text(*composed));
  }
  seen.add(std::to_string(world.allreduce(ctx.rank() + 1, product)) + ' ' +
           std::to_string(world.allreduce(ctx.rank(), minimum)) + ' ' +
           std::to_string(world.allreduce(ctx.rank(), maximum)) + ' ' +
           std::to_string(world.allreduce(1 << ctx.rank(), bit_or)) + ' ' + text(world.allreduce(own(ctx), then{})));
  std::vector<std::int64_t> many(5000, ctx.rank() + 1);
  many = world.allreduce(std::move(many), sum);
  seen.add(std::to_string(many.front()) + ' ' + std::to_string(many.back()));
}

void scans(context& ctx, notes& seen) {
  auto& world = ctx.world();
  seen.add(std::to_string(world.scan(ctx.rank() + 1, sum)) + ' ' + std::to_string(world.exscan(ctx.rank() + 1, sum)) +
           ' ' + text(world.scan(own(ctx), then{})));
}

void gathers(context& ctx, notes& seen) {
  auto& world = ctx.world();
  for (int root = 0; root < ctx.size(); ++root) {
    const auto numbers = world.gather(10 * ctx.rank() + root, root);
    const auto lists = world.gather(of_own_size(ctx), root);
    seen.check(lists.empty() == (ctx.rank() != root), "the root has them, and only the root");
    if (ctx.rank() == root) seen.add(listed(numbers) + ' ' + joined(lists));
  }
  seen.add(listed(world.allgather(ctx.rank() * ctx.rank())) + ' ' + joined(world.allgather(of_own_size(ctx))));
}

void scatters(context& ctx, notes& seen) {
  auto& world = ctx.world();
  for (int root = 0; root < ctx.size(); ++root) {
    std::vector<int> numbers;
    std::vector<std::vector<int>> lists;
    for (int to = 0; ctx.rank() == root && to < ctx.size(); ++to) {
      numbers.push_back(100 * root + to);
      lists.emplace_back(static_cast<std::size_t>(2 * to % 5), root);
    }
    seen.add(std::to_string(world.scatter(numbers, root)) + " [" + listed(world.scatter(lists, root)) + ']');
  }
}

void exchanges(context& ctx, notes& seen) {
  auto& world = ctx.world();
  std::vector<int> numbers;
  std::vector<std::vector<int>> lists;
  for (int to = 0; to < ctx.size(); ++to) {
    numbers.push_back(10 * ctx.rank() + to);
    lists.emplace_back(static_cast<std::size_t>((ctx.rank() + to) % 4), ctx.rank());
  }
  seen.add(listed(world.alltoall(numbers)) + ' ' + joined(world.alltoall(lists)));
}

/// Several under way at once finish, whatever is waited for first; and point-to-point messages pass between them.
void overlapping(context& ctx, notes& seen) {
  auto& world = ctx.world();
  auto first = world.iallreduce(1, sum);
  auto second = world.ibcast(ctx.rank() == 0 ? 5 : 0, 0);
  auto third = world.iallgather(ctx.rank());
  const int next = (ctx.rank() + 1) % ctx.size();
  const int got = world.sendrecv<int>(next, 1, ctx.rank(), any_source, 1);
  seen.add(std::to_string(got) + ' ' + listed(third.get()) + ' ' + std::to_string(second.get()) + ' ' +
           std::to_string(first.get()));
}

}  // namespace

const std::vector<test_case>& collective_cases() {
  static const std::vector<test_case> all{
      {"barriers", 1, barriers},     {"broadcasts", 1, broadcasts}, {"reductions", 1, reductions},
      {"scans", 1, scans},           {"gathers", 1, gathers},       {"scatters", 1, scatters},
      {"exchanges", 1, exchanges},   {"overlapping", 1, overlapping}};
  return all;
}

}  // namespace weft::conformance
