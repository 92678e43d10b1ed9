// SPDX-License-Identifier: BSL-1.0
#include "fake_transport.hpp"

#include <algorithm>
#include <utility>

#include <weft/core/error.hpp>

#include <weft/sim/layout.hpp>

namespace weft::testing::detail {

using sim::pack;
using sim::packed_bytes;
using sim::reduce;
using sim::unpack;

fake_transport::fake_transport(endpoint& self) : self_(self) {
  if (self_.is_live) throw usage_error("this rank has a transport already");
  self_.is_live = true;
}

fake_transport::~fake_transport() {
  for (auto& entry : self_.comms) entry.second.posted.clear();
  self_.operations.clear();
  self_.persistents.clear();
  self_.done.clear();
  self_.is_live = false;
  ++self_.cluster.activity;
}

int fake_transport::ranks_per_node() const {
  const int given = self_.cluster.options.ranks_per_node;
  return given > 0 ? given : self_.cluster.world->size;
}

node_map fake_transport::node() const {
  const int first = self_.rank / ranks_per_node() * ranks_per_node();
  return {self_.rank - first, std::min(ranks_per_node(), self_.cluster.world->size - first)};
}

bool fake_transport::same_node(int rank) const { return rank / ranks_per_node() == self_.rank / ranks_per_node(); }

int fake_transport::node_peer(int node_rank) const {
  return self_.rank / ranks_per_node() * ranks_per_node() + node_rank;
}

void fake_transport::check(envelope where, bool wildcards) const {
  const int ranks = self_.comm(where.comm).members->size;
  const bool peer_is_right = (where.peer >= 0 && where.peer < ranks) || (wildcards && where.peer == any_source);
  if (!peer_is_right) throw world_error("no such rank in the communicator", where.peer);
  const bool tag_is_right = (where.tag >= 0 && where.tag <= limits().max_tag) || (wildcards && where.tag == any_tag);
  if (!tag_is_right) throw world_error("tag out of range", where.tag);
}

op_number fake_transport::started(std::uint32_t number, completion& now) {
  if (self_.cluster.options.complete_at_once && self_.take(number, now)) return op_number::completed;
  return op_number{number};
}

std::uint32_t fake_transport::send(const envelope& to, const void* data, std::uint64_t count, const datatype& type,
                                   send_mode mode, void* token, noticed_by who, std::uint32_t persistent) {
  check(to, false);
  comm_state& comm = self_.comm(to.comm);
  const std::uint32_t number = self_.add_operation(token, who, persistent);
  message what(&self_.cluster.memory);
  what.on = comm.members;
  what.source = comm.rank;
  what.source_world = self_.rank;
  what.tag = to.tag;
  what.bytes = packed_bytes(count, type);
  if (mode == send_mode::standard && what.bytes < limits().eager_bytes) {
    pack(data, count, type, what.payload.allocate(what.bytes));
    self_.complete(number);
  } else {
    operation& o = self_.operations.at(number);
    o.source = data;
    o.count = count;
    o.type = type;
    what.sender_operation = number;
  }
  detail::send(self_, comm, std::move(what), to.peer);
  return number;
}

std::uint32_t fake_transport::post(const envelope& from, void* data, std::uint64_t count, const datatype& type, void* token,
                                   noticed_by who, std::uint32_t persistent) {
  check(from, true);
  comm_state& comm = self_.comm(from.comm);
  const std::uint32_t number = self_.add_operation(token, who, persistent);
  operation& o = self_.operations.at(number);
  o.is_receive = true;
  o.match = from;
  o.target = data;
  o.count = count;
  o.type = type;
  auto found =
      std::find_if(comm.unexpected.begin(), comm.unexpected.end(), [&](const message& m) { return matches(from, m); });
  if (found == comm.unexpected.end()) {
    comm.posted.push_back(number);
    return number;
  }
  message what = std::move(*found);
  comm.unexpected.erase(found);
  receive(self_, number, what);
  return number;
}

op_number fake_transport::isend(const envelope& to, const void* data, std::uint64_t count, const datatype& type,
                                send_mode mode, void* token, completion& now) {
  const auto number = send(to, data, count, type, mode, token, noticed_by::poll, 0);
  return started(number, now);
}

op_number fake_transport::irecv(const envelope& from, void* data, std::uint64_t count, const datatype& type, void* token,
                                completion& now) {
  const auto number = post(from, data, count, type, token, noticed_by::poll, 0);
  return started(number, now);
}

bool fake_transport::iprobe(const envelope& from, matched_message& found) {
  check(from, true);
  progress(self_);
  for (const message& m : self_.comm(from.comm).unexpected) {
    if (!matches(from, m)) continue;
    found = {0, m.bytes, m.source, m.tag};
    return true;
  }
  return false;
}

bool fake_transport::improbe(const envelope& from, matched_message& found) {
  if (!iprobe(from, found)) return false;
  auto& queue = self_.comm(from.comm).unexpected;
  auto first = std::find_if(queue.begin(), queue.end(), [&](const message& m) { return matches(from, m); });
  found.id = ++self_.next_matched;
  self_.matched.emplace(found.id, std::move(*first));
  queue.erase(first);
  return true;
}

op_number fake_transport::imrecv(const matched_message& wanted, void* data, std::uint64_t count, const datatype& type,
                                 void* token, completion& now) {
  auto found = self_.matched.find(wanted.id);
  if (found == self_.matched.end()) throw world_error("no such matched message, or received already", 0);
  message what = std::move(found->second);
  self_.matched.erase(found);
  const std::uint32_t number = self_.add_operation(token, noticed_by::poll);
  operation& o = self_.operations.at(number);
  o.is_receive = true;
  o.target = data;
  o.count = count;
  o.type = type;
  receive(self_, number, what);
  return started(number, now);
}

bool fake_transport::cancel_recv(op_number number, completion& now) {
  operation& o = self_.started(number);
  if (!o.is_receive) throw world_error("only a receive can be cancelled", static_cast<int>(number));
  if (self_.take(static_cast<std::uint32_t>(number), now)) return false;
  self_.comm(o.match.comm).posted.remove(static_cast<std::uint32_t>(number));
  self_.forget(static_cast<std::uint32_t>(number));
  return true;
}

persistent_id fake_transport::send_init(const envelope& to, const void* data, std::uint64_t count, const datatype& type,
                                        send_mode mode) {
  check(to, false);
  self_.persistents[++self_.next_persistent] = {false, to, data, nullptr, count, type, mode, false};
  return persistent_id{self_.next_persistent};
}

persistent_id fake_transport::recv_init(const envelope& from, void* data, std::uint64_t count, const datatype& type) {
  check(from, true);
  self_.persistents[++self_.next_persistent] = {true, from, nullptr, data, count, type, send_mode::standard, false};
  return persistent_id{self_.next_persistent};
}

op_number fake_transport::start(persistent_id id, noticed_by who, void* token, completion& now) {
  const auto key = static_cast<std::uint32_t>(id);
  auto found = self_.persistents.find(key);
  if (found == self_.persistents.end()) throw world_error("unknown persistent operation", static_cast<int>(id));
  persistent_operation& p = found->second;
  if (p.is_active) throw world_error("a persistent operation was started twice", static_cast<int>(id));
  p.is_active = true;
  const std::uint32_t number = p.is_receive ? post(p.where, p.target, p.count, p.type, token, who, key)
                                            : send(p.where, p.source, p.count, p.type, p.mode, token, who, key);
  return started(number, now);
}

void fake_transport::free_persistent(persistent_id id) {
  auto found = self_.persistents.find(static_cast<std::uint32_t>(id));
  if (found == self_.persistents.end()) throw world_error("unknown persistent operation", static_cast<int>(id));
  if (found->second.is_active) throw world_error("a started persistent operation was freed", static_cast<int>(id));
  self_.persistents.erase(found);
}

std::size_t fake_transport::poll(std::span<completion> out, bool) {
  progress(self_);
  if (self_.is_stopped) return 0;
  std::size_t n = 0;
  while (n < out.size() && !self_.done.empty()) self_.take(self_.done.front(), out[n++]);
  return n;
}

bool fake_transport::test(op_number number, completion& now) {
  self_.started(number);
  progress(self_);
  return !self_.is_stopped && self_.take(static_cast<std::uint32_t>(number), now);
}

void fake_transport::idle(time_point deadline, std::uint64_t, int) {
  cluster_state& cluster = self_.cluster;
  ++self_.idle_calls;
  self_.idle_deadline = deadline;
  self_.idle_at = cluster.activity;
  if (cluster.options.on_idle) cluster.options.on_idle(self_.rank);
  if (!cluster.options.idle_jumps || !cluster.all_idle()) return;
  const time_point next = cluster.next_deadline();
  if (next == never) return;
  cluster.now = std::max(cluster.now, next);
  ++cluster.activity;
}

void fake_transport::abort(int code) {
  if (self_.cluster.aborted < 0) self_.cluster.aborted = code;
  throw fake_abort{self_.rank, code};
}

window& fake_transport::windows() { throw not_supported("window"); }
launcher& fake_transport::launch() { throw not_supported("launcher"); }
liveness& fake_transport::peers() { throw not_supported("liveness"); }

}  // namespace weft::testing::detail
