// SPDX-License-Identifier: BSL-1.0
// Which receive gets which message, and what becomes of those that do not fit.
#include <algorithm>
#include <array>
#include <map>

#include "conformance.hpp"

namespace weft::conformance {
namespace {

/// Any source, any tag: each sender's messages in their order, with their sender's rank and tag.
void wildcards(context& ctx, notes& seen) {
  auto& world = ctx.world();
  constexpr int each = 5;
  if (ctx.rank() != 0) {
    for (int i = 0; i < each; ++i) world.send(0, 10 * ctx.rank() + i, i);
    return;
  }
  std::map<int, std::vector<int>> tags;
  for (int i = 0; i < each * (ctx.size() - 1); ++i) {
    auto next = world.irecv<int>();
    const int value = next.get();
    const message_status status = next.status();
    seen.check(status.tag == 10 * status.source + value, "source, tag and value belong together");
    tags[status.source].push_back(status.tag);
  }
  for (const auto& [source, found] : tags) seen.add("from " + std::to_string(source) + ": " + listed(found));
}

/// A receive that is posted first is served first, be it of known or unknown size, with wildcards or without.
void posted_order(context& ctx, notes& seen) {
  auto& world = ctx.world();
  if (ctx.rank() == 0) {
    world.barrier();
    for (int i = 1; i <= 4; ++i) world.send(1, 8, std::vector<int>(static_cast<std::size_t>(i), i));
    return;
  }
  if (ctx.rank() == 1) {
    std::array<int, 4> room{};
    auto first = world.irecv<std::vector<int>>(any_source, any_tag);
    auto second = world.irecv(std::span<int>(room), 0, 8);
    auto third = world.irecv<std::vector<int>>(0, 8);
    auto fourth = world.irecv<std::vector<int>>(any_source, 8);
    world.barrier();
    seen.add(listed(fourth.get()) + " | " + listed(third.get()) + " | " + std::to_string(second.get()) + " | " +
             listed(first.get()));
    return;
  }
  world.barrier();
}

void probing(context& ctx, notes& seen) {
  auto& world = ctx.world();
  if (ctx.rank() == 0) {
    world.send(1, 9, std::vector<double>(7, 1.5));
    world.send(1, 4, 1);
    return;
  }
  if (ctx.rank() != 1) return;
  seen.check(!world.iprobe(0, 77).has_value(), "a probe finds no message of a tag that nobody sends");
  const message_status found = world.probe(any_source, 9);
  seen.add(std::to_string(found.source) + ' ' + std::to_string(found.tag) + ' ' + std::to_string(found.bytes));
  const auto again = world.iprobe(0, 9);
  seen.check(again.has_value() && again->bytes == found.bytes, "a probe leaves the message where it is");
  seen.add(listed(world.recv<std::vector<double>>(0, 9)));
  seen.check(!world.iprobe(0, 9).has_value(), "it is gone once received");
  seen.add(std::to_string(world.recv<int>(0, 4)));
}

/// One that does not fit fails its receive, is consumed, and harms nothing beside.
void misfits(context& ctx, notes& seen) {
  auto& world = ctx.world();
  if (ctx.rank() == 0) {
    world.send(1, 1, std::vector<int>(5, 5));
    world.send(1, 1, std::vector<int>(100'000, 5));
    world.send(1, 1, std::vector<int>(3, 3));
    world.send(1, 1, 7.0F);
    world.send(1, 1, std::vector<int>(2, 2));
    return;
  }
  if (ctx.rank() != 1) return;
  std::array<int, 4> room{-1, -1, -1, -1};
  const std::span<int> three(room.data(), 3);
  seen.add("too long: " + thrown_by([&] { (void)world.recv(three, 0, 1); }));
  seen.add("far too long: " + thrown_by([&] { (void)world.recv(three, 0, 1); }));
  seen.check(room[3] == -1, "nothing is written beyond the buffer");
  seen.add("no whole number of elements: " + thrown_by([&] { (void)world.recv<std::vector<double>>(0, 1); }));
  seen.add("too short: " + thrown_by([&] { (void)world.recv<double>(0, 1); }));
  seen.add("the next: " + listed(world.recv<std::vector<int>>(0, 1)));
}

/// A receive that is withdrawn takes no message.
void cancelling(context& ctx, notes& seen) {
  auto& world = ctx.world();
  if (ctx.rank() == 0) {
    world.barrier();
    world.send(1, 2, 42);
    return;
  }
  if (ctx.rank() == 1) {
    auto known = world.irecv<int>(0, 2);
    auto unknown = world.irecv<std::vector<int>>(0, 2);
    seen.check(known.cancel(), "no message has come: it is withdrawn");
    seen.check(unknown.cancel(), "likewise");
    seen.add(thrown_by([&] { known.get(); }));
    { auto dropped = world.irecv<int>(0, 2); }
    world.barrier();
    seen.add(std::to_string(world.recv<int>(0, 2)));
    return;
  }
  world.barrier();
}

/// Many receives outstanding, messages in another order.
void many_outstanding(context& ctx, notes& seen) {
  auto& world = ctx.world();
  constexpr int count = 500;
  if (ctx.rank() == 0) {
    world.barrier();
    for (int i = 0; i < count; ++i) world.send(1, (i * 7 + 3) % count, i);
    return;
  }
  if (ctx.rank() == 1) {
    std::vector<future<int>> all;
    for (int tag = 0; tag < count; ++tag) all.push_back(world.irecv<int>(0, tag));
    world.barrier();
    bool fits = true;
    for (int tag = 0; tag < count; ++tag) fits &= (all[static_cast<std::size_t>(tag)].get() * 7 + 3) % count == tag;
    seen.check(fits, "each receive has the message of its tag");
    return;
  }
  world.barrier();
}

}  // namespace

const std::vector<test_case>& receive_cases() {
  static const std::vector<test_case> all{
      {"wildcards", 2, wildcards},   {"posted_order", 2, posted_order}, {"probing", 2, probing}, {"misfits", 2, misfits},
      {"cancelling", 2, cancelling}, {"many_outstanding", 2, many_outstanding}};
  return all;
}

}  // namespace weft::conformance
