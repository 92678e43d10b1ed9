// SPDX-License-Identifier: BSL-1.0
// Order, sizes, modes: what a message does on its way.
#include <numeric>

#include "conformance.hpp"

namespace weft::conformance {
namespace {

std::vector<std::int64_t> numbers(std::size_t count, std::int64_t first) {
  std::vector<std::int64_t> all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}
std::int64_t total(const std::vector<std::int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::int64_t{0});
}

/// Of one sender and one tag, messages come in the order in which they were sent, whatever else is received between.
void order(context& ctx, notes& seen) {
  auto& world = ctx.world();
  const int last = ctx.size() - 1;
  constexpr int count = 60;
  if (ctx.rank() == 0) {
    for (int i = 0; i < count; ++i) world.send(last, i % 3, i);
  }
  if (ctx.rank() != last) return;
  for (const int tag : {2, 0, 1}) {
    std::vector<int> got;
    for (int i = 0; i < count / 3; ++i) got.push_back(world.recv<int>(0, tag));
    seen.add("tag " + std::to_string(tag) + ": " + listed(got));
  }
}

/// Large and small messages of one tag do not overtake each other.
void order_of_sizes(context& ctx, notes& seen) {
  auto& world = ctx.world();
  const std::vector<std::size_t> sizes{1, 200'000, 3, 600, 100'000, 0, 2};
  if (ctx.rank() == 0) {
    std::vector<future<void>> sends;
    for (const std::size_t size : sizes) sends.push_back(world.isend(1, 7, numbers(size, 1)));
    for (auto& send : sends) send.get();
  } else if (ctx.rank() == 1) {
    std::vector<std::size_t> got;
    for (std::size_t i = 0; i < sizes.size(); ++i) got.push_back(world.recv<std::vector<std::int64_t>>(0, 7).size());
    seen.add(listed(got));
  }
}

/// Every size, from nothing to beyond what any transport sends eagerly, both ways at once round a ring.
void sizes(context& ctx, notes& seen) {
  auto& world = ctx.world();
  const int next = (ctx.rank() + 1) % ctx.size();
  const int before = (ctx.rank() + ctx.size() - 1) % ctx.size();
  for (const std::size_t count : {0u, 1u, 7u, 500u, 512u, 520u, 4096u, 100'000u, 300'000u}) {
    const auto got = world.sendrecv<std::vector<std::int64_t>>(next, 1, numbers(count, ctx.rank()), before, 1);
    seen.add(std::to_string(got.size()) + " numbers, sum " + std::to_string(total(got)));
  }
}

/// Two that each wait for the other's large message, and then send theirs, get it.
void crossing(context& ctx, notes& seen) {
  if (ctx.rank() > 1) return;
  const int other = 1 - ctx.rank();
  auto incoming = ctx.world().irecv<std::vector<std::int64_t>>(other, 3);
  ctx.world().send(other, 3, numbers(250'000, ctx.rank()));
  seen.add(std::to_string(total(incoming.get())));
}

/// A synchronous send is done when it is received, not before.
void synchronous(context& ctx, notes& seen) {
  auto& world = ctx.world();
  if (ctx.rank() == 0) {
    auto send = world.issend(1, 5, 42);
    sleep_for(ctx, std::chrono::milliseconds(2)).get();
    seen.check(!send.ready(), "it was done before the receiver was told to receive");
    world.send(1, 6, 0);
    send.get();
  } else if (ctx.rank() == 1) {
    (void)world.recv<int>(0, 6);
    seen.add(std::to_string(world.recv<int>(0, 5)));
  }
}

void to_oneself(context& ctx, notes& seen) {
  auto& world = ctx.world();
  for (const std::size_t count : {1u, 40u, 100'000u}) {
    auto send = world.isend(ctx.rank(), 2, numbers(count, 5));
    const auto got = world.recv<std::vector<std::int64_t>>(ctx.rank(), 2);
    send.get();
    seen.add(std::to_string(got.size()) + ' ' + std::to_string(total(got)));
  }
}

/// Prepared once, started often: a ring of halos.
void persistent_ring(context& ctx, notes& seen) {
  auto& world = ctx.world();
  std::int64_t mine = ctx.rank();
  std::int64_t theirs = 0;
  std::vector<persistent> halo;
  halo.push_back(recv_init(world, theirs, (ctx.rank() + ctx.size() - 1) % ctx.size(), 4));
  halo.push_back(send_init(world, (ctx.rank() + 1) % ctx.size(), 4, mine));
  std::vector<future<std::size_t>> started;
  for (int step = 0; step < 40; ++step) {
    start_all(halo, started);
    wait_all(started);
    mine = theirs + 1;
  }
  seen.add(std::to_string(mine));
}

}  // namespace

const std::vector<test_case>& message_cases() {
  static const std::vector<test_case> all{{"order", 1, order},
                                          {"order_of_sizes", 2, order_of_sizes},
                                          {"sizes", 1, sizes},
                                          {"crossing", 2, crossing},
                                          {"synchronous", 2, synchronous},
                                          {"to_oneself", 1, to_oneself},
                                          {"persistent_ring", 1, persistent_ring}};
  return all;
}

}  // namespace weft::conformance
