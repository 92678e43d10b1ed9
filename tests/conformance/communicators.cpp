// SPDX-License-Identifier: BSL-1.0
#include "conformance.hpp"

namespace weft::conformance {
namespace {

/// A duplicate has the same ranks, and its messages are apart.
void duplicate(context& ctx, notes& seen) {
  auto& world = ctx.world();
  communicator twin = world.dup();
  seen.add(std::to_string(twin.rank()) + " of " + std::to_string(twin.size()));
  const int next = (ctx.rank() + 1) % ctx.size();
  const int before = (ctx.rank() + ctx.size() - 1) % ctx.size();
  auto here = world.isend(next, 1, 1);
  auto there = twin.isend(next, 1, 2);
  seen.add(std::to_string(twin.recv<int>(before, 1)) + ' ' + std::to_string(world.recv<int>(before, 1)));
  here.get();
  there.get();
}

/// By colour, ordered by key; a negative colour gets none.
void split(context& ctx, notes& seen) {
  const int colour = ctx.rank() % 3 == 2 ? -1 : ctx.rank() % 3;
  communicator part = ctx.world().split(colour, -ctx.rank());
  if (colour < 0) {
    seen.check(!part, "a negative colour gets no communicator");
    return;
  }
  seen.add(std::to_string(part.rank()) + " of " + std::to_string(part.size()) + ": " +
           listed(part.allgather(ctx.rank())));
}

/// Several collective constructions under way at once, and one of a communicator made by another.
void nested(context& ctx, notes& seen) {
  auto& world = ctx.world();
  auto first = world.idup();
  auto second = world.isplit(0, ctx.rank());
  communicator a = first.get();
  communicator b = second.get();
  communicator c = b.split(ctx.rank() / 2);
  seen.add(std::to_string(a.allreduce(1, sum)) + ' ' + std::to_string(b.scan(1, sum)) + ' ' +
           std::to_string(c.allreduce(ctx.rank(), sum)));
}

}  // namespace

const std::vector<test_case>& communicator_cases() {
  static const std::vector<test_case> all{{"duplicate", 1, duplicate}, {"split", 1, split}, {"nested", 1, nested}};
  return all;
}

}  // namespace weft::conformance
