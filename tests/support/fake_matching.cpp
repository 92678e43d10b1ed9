// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <utility>

#include "fake_endpoint.hpp"
#include <weft/sim/layout.hpp>

namespace weft::testing::detail {

using sim::pack;
using sim::packed_bytes;
using sim::reduce;
using sim::unpack;
namespace {

/// The message has reached the receiver's matching queues.
void arrive(endpoint& to, message&& what) {
  ++to.cluster.activity;
  comm_state* comm = to.find(what.on.get());
  if (comm == nullptr) {
    ++to.cluster.lost;
    return;
  }
  auto match = std::find_if(comm->posted.begin(), comm->posted.end(),
                            [&](std::uint32_t number) { return matches(to.operations.at(number).match, what); });
  if (match == comm->posted.end()) {
    comm->unexpected.push_back(std::move(what));
    return;
  }
  const std::uint32_t number = *match;
  comm->posted.erase(match);
  receive(to, number, what);
}

}  // namespace

bool matches(const envelope& wanted, const message& found) {
  return (wanted.peer == any_source || wanted.peer == found.source) &&
         (wanted.tag == any_tag || wanted.tag == found.tag);
}

void send(endpoint& from, comm_state& comm, message&& what, int to) {
  cluster_state& cluster = from.cluster;
  ++cluster.messages;
  cluster.bytes += what.bytes;
  ++cluster.activity;
  endpoint& target = cluster.at(comm.members->world_rank(to));
  const unsigned delay = cluster.options.delay ? cluster.options.delay(from.rank, target.rank) : 0;
  what.due = target.turns + delay;
  // A message never overtakes an earlier one of the same sender that is still under way.
  bool is_behind = false;
  for (const message& earlier : target.in_flight) {
    if (earlier.source_world != what.source_world) continue;
    is_behind = true;
    what.due = std::max(what.due, earlier.due);
  }
  if (what.due <= target.turns && !is_behind && !target.is_stopped) {
    arrive(target, std::move(what));
  } else {
    target.in_flight.push_back(std::move(what));
  }
}

void receive(endpoint& to, std::uint32_t receive_operation, message& what) {
  operation& into = to.operations.at(receive_operation);
  endpoint& from = to.cluster.at(what.source_world);
  into.result.bytes = what.bytes;
  into.result.source = what.source;
  into.result.tag = what.tag;
  if (what.sender_operation != 0) {
    auto sender = from.operations.find(what.sender_operation);
    if (sender == from.operations.end()) {  // the sender's transport is gone, and its buffer with it
      into.result.status = op_status::failed;
      to.complete(receive_operation);
      return;
    }
    pack(sender->second.source, sender->second.count, sender->second.type, what.payload.allocate(what.bytes));
  }
  const std::uint64_t room = packed_bytes(into.count, into.type);
  if (what.bytes > room) into.result.status = op_status::truncated;
  unpack(what.payload.view().first(std::min(what.bytes, room)), into.target, into.type);
  to.complete(receive_operation);
  if (what.sender_operation != 0) from.complete(what.sender_operation);
}

void progress(endpoint& rank) {
  if (rank.is_stopped) return;
  ++rank.turns;
  for (auto m = rank.in_flight.begin(); m != rank.in_flight.end();) {
    auto here = m++;
    if (here->due > rank.turns) continue;
    message due = std::move(*here);
    rank.in_flight.erase(here);
    arrive(rank, std::move(due));
  }
}

}  // namespace weft::testing::detail
