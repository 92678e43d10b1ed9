// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <utility>

#include <weft/core/error.hpp>

#include "fake_endpoint.hpp"
#include <weft/sim/layout.hpp>
#include "fake_transport.hpp"

namespace weft::testing::detail {

using sim::pack;
using sim::packed_bytes;
using sim::reduce;
using sim::unpack;
namespace {

using bytes = std::vector<std::byte>;

void require(bool agreed, const char* what) {
  if (!agreed) throw world_error(std::string("the ranks of a collective disagree on ") + what, 0);
}

bytes packed(const void* data, std::uint64_t count, const datatype& type) {
  bytes out(packed_bytes(count, type));
  if (data == nullptr && !out.empty()) throw world_error("a null buffer in a collective", 0);
  pack(data, count, type, out.data());
  return out;
}

/// Where the items for (or of) rank `r` begin, and how many they are, in a buffer that holds a part for every rank.
struct part {
  std::int64_t offset;
  std::uint64_t count;
};

part part_of(int r, std::span<const int> counts, std::span<const int> displs, std::uint64_t count,
             const datatype& type) {
  const auto i = static_cast<std::size_t>(r);
  if (counts.empty()) return {static_cast<std::int64_t>(i * count * type.extent), count};
  return {displs[i] * static_cast<std::int64_t>(type.extent), static_cast<std::uint64_t>(counts[i])};
}

/// Delivers `from` into rank `r`'s part of `to.out`.
void place(const bytes& from, int r, const contribution& to) {
  const part p = part_of(r, to.out_counts, to.out_displs, to.count, to.type);
  require(packed_bytes(p.count, to.type) == from.size(), "a count");
  unpack(from, static_cast<std::byte*>(to.out) + p.offset, to.type);
}

bytes part_for(int r, const contribution& from) {
  const part p = part_of(r, from.in_counts, from.in_displs, from.count, from.type);
  return packed(static_cast<const std::byte*>(from.in) + p.offset, p.count, from.type);
}

void deliver(const bytes& from, const contribution& to) {
  require(packed_bytes(to.count, to.type) == from.size(), "a count");
  unpack(from, to.out, to.type);
}

/// Reduces in rank order; `each(rank, before, after)` sees the running value before and after the rank's contribution.
template <class Each>
void fold(const collective& c, Each each) {
  bytes running;
  for (std::size_t r = 0; r < c.ranks.size(); ++r) {
    const contribution& mine = c.ranks[r];
    bytes value = packed(mine.in != nullptr ? mine.in : mine.out, mine.count, mine.type);
    if (r > 0) {
      require(value.size() == running.size(), "a count");
      reduce(c.reducer, running.data(), value.data(), mine.count, mine.type);
    }
    each(r, running, value);
    running = std::move(value);
  }
}

void scan(const collective& c, bool exclusive) {
  fold(c, [&](std::size_t r, const bytes& before, const bytes& after) {
    if (!exclusive) deliver(after, c.ranks[r]);
    if (exclusive && r > 0) deliver(before, c.ranks[r]);
  });
}

bytes reduced(const collective& c) {
  bytes all;
  fold(c, [&](std::size_t, const bytes&, const bytes& after) { all = after; });
  return all;
}

void gather(const collective& c, std::span<const contribution> receivers) {
  std::vector<bytes> parts;
  for (const contribution& from : c.ranks) parts.push_back(packed(from.in, from.count, from.type));
  for (const contribution& to : receivers) {
    for (std::size_t r = 0; r < parts.size(); ++r) place(parts[r], static_cast<int>(r), to);
  }
}

void alltoall(const collective& c) {
  for (std::size_t to = 0; to < c.ranks.size(); ++to) {
    for (std::size_t from = 0; from < c.ranks.size(); ++from) {
      place(part_for(static_cast<int>(to), c.ranks[from]), static_cast<int>(from), c.ranks[to]);
    }
  }
}

void give_comm(const contribution& member, const std::shared_ptr<group>& members, int rank_in_it) {
  member.who->operations.at(member.operation).result.bytes = member.who->add_comm(members, rank_in_it);
}

void split(const collective& c) {
  std::map<int, std::vector<const contribution*>> colours;
  for (const contribution& member : c.ranks) {
    if (member.color >= 0) {
      colours[member.color].push_back(&member);
    } else {
      member.who->operations.at(member.operation).result.bytes = transport::no_comm;
    }
  }
  for (auto& entry : colours) {
    auto& members = entry.second;
    std::stable_sort(members.begin(), members.end(), [](auto* a, auto* b) { return a->key < b->key; });
    auto made = std::make_shared<group>();
    made->size = static_cast<int>(members.size());
    for (const contribution* m : members) made->members.push_back(m->who->rank);
    for (int r = 0; r < made->size; ++r) give_comm(*members[static_cast<std::size_t>(r)], made, r);
  }
}

void dup(const collective& c, const group& original) {
  auto made = std::make_shared<group>();
  made->size = original.size;
  made->members = original.members;
  for (int r = 0; r < made->size; ++r) give_comm(c.ranks[static_cast<std::size_t>(r)], made, r);
}

void run(const collective& c, const group& members) {
  const contribution& root = c.ranks[static_cast<std::size_t>(c.root)];
  switch (c.kind) {
    case collective_kind::barrier:
      return;
    case collective_kind::bcast: {
      const bytes value = packed(root.out, root.count, root.type);
      for (const contribution& to : c.ranks) deliver(value, to);
      return;
    }
    case collective_kind::reduce:
      return deliver(reduced(c), root);
    case collective_kind::allreduce: {
      const bytes value = reduced(c);
      for (const contribution& to : c.ranks) deliver(value, to);
      return;
    }
    case collective_kind::scan:
      return scan(c, false);
    case collective_kind::exclusive_scan:
      return scan(c, true);
    case collective_kind::gather:
      return gather(c, std::span(&root, 1));
    case collective_kind::allgather:
      return gather(c, c.ranks);
    case collective_kind::scatter:
      for (std::size_t r = 0; r < c.ranks.size(); ++r) deliver(part_for(static_cast<int>(r), root), c.ranks[r]);
      return;
    case collective_kind::alltoall:
      return alltoall(c);
    case collective_kind::split:
      return split(c);
    case collective_kind::dup:
      return dup(c, members);
  }
}

}  // namespace

std::uint32_t enter(endpoint& who, comm_id id, collective_kind kind, int root, const op& reducer, contribution what,
                    void* token) {
  comm_state& comm = who.comm(id);
  const std::shared_ptr<group> members = comm.members;
  if (root < 0 || root >= members->size) throw world_error("no such root in the communicator", root);
  auto& slot = members->pending[comm.calls];
  if (slot.entered == 0) {
    slot = {kind, root, reducer, 0, std::pmr::vector<contribution>(&who.cluster.memory)};
    slot.ranks.resize(static_cast<std::size_t>(members->size));
  }
  require(slot.kind == kind, "which collective it is");
  require(slot.root == root, "the root");
  require(slot.reducer == reducer, "the reduction operation");
  const std::uint64_t call = comm.calls++;
  what.who = &who;
  what.operation = who.add_operation(token, noticed_by::poll);
  const std::uint32_t number = what.operation;
  slot.ranks[static_cast<std::size_t>(comm.rank)] = what;
  ++who.cluster.activity;
  if (++slot.entered < members->size) return number;

  collective complete = std::move(slot);
  members->pending.erase(call);
  run(complete, *members);
  for (const contribution& rank : complete.ranks) rank.who->complete(rank.operation);
  return number;
}

}  // namespace weft::testing::detail
