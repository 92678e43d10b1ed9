// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/sim_transport.hpp>

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include <weft/core/crc32c.hpp>
#include <weft/core/error.hpp>
#include <weft/sim/collective_run.hpp>
#include <weft/sim/layout.hpp>
#include <weft/sim/match.hpp>

namespace weft::sim {

namespace {

std::uint32_t crc_of(const void* data, std::uint64_t count, const datatype& type, std::uint64_t bytes) {
  if (bytes == 0) return 0;
  if (type.is_contiguous()) return crc32c(data, bytes);
  std::vector<std::byte> packed(bytes);
  pack(data, count, type, packed.data());
  return crc32c(packed.data(), bytes);
}

/// Around a call: what the rank computed before it passes first, and what the simulator does in it takes no time.
class call_scope {
 public:
  explicit call_scope(endpoint& self) : self_(self) { self_.on.charge_computation(self_); }
  ~call_scope() { self_.on.restart_computation(self_); }
  call_scope(const call_scope&) = delete;
  call_scope& operator=(const call_scope&) = delete;

 private:
  endpoint& self_;
};

}  // namespace

sim_transport::sim_transport(endpoint& self) : self_(self), on_(self.on) {
  if (self_.has_transport) throw usage_error("this simulated rank has a transport already");
  self_.has_transport = true;
  limits_.eager_bytes = on_.options().network.eager_bytes;
  limits_.wakes_exactly = true;
  limits_.is_hostile = on_.options().faults.is_hostile();
}

sim_transport::~sim_transport() { self_.drop_everything(); }

node_map sim_transport::node() const {
  const int first = self_.rank / ranks_per_node() * ranks_per_node();
  return {self_.rank - first, std::min(ranks_per_node(), self_.of.everyone->size - first)};
}

bool sim_transport::same_node(int rank) const { return self_.on.node_of(rank) == self_.node; }

int sim_transport::node_peer(int node_rank) const {
  return self_.rank / ranks_per_node() * ranks_per_node() + node_rank;
}

std::string sim_transport::describe() const {
  return "simulator, seed " + std::to_string(on_.options().seed) + ": all ranks in one thread" +
         (on_.options().measures_computation ? "; computation is measured, so the run is not reproducible" : "");
}

void sim_transport::check(const envelope& where, bool wildcards) const {
  const int ranks = self_.comm(where.comm).members->size;
  const bool peer_is_right = (where.peer >= 0 && where.peer < ranks) || (wildcards && where.peer == any_source);
  if (!peer_is_right) throw world_error("no such rank in the communicator", where.peer);
  const bool tag_is_right = (where.tag >= 0 && where.tag <= limits_.max_tag) || (wildcards && where.tag == any_tag);
  if (!tag_is_right) throw world_error("tag out of range", where.tag);
}

duration sim_transport::copy_time(std::uint64_t bytes) const noexcept {
  const network_options& net = on_.options().network;
  if (net.copy_picoseconds_per_byte == 0 || bytes >= net.eager_bytes) return duration(0);
  return duration(static_cast<std::int64_t>(bytes) * net.copy_picoseconds_per_byte / 1000);
}

void sim_transport::hand_out(std::uint32_t number, completion& now) {
  operation& o = self_.operations[number];
  now = o.result;
  if (o.is_receive) {
    on_.pass(self_, on_.options().network.overhead + copy_time(now.bytes));
    const bool has_all = now.status == op_status::ok;
    on_.trace(self_, traced::receive, now.source, now.tag, now.bytes,
              has_all ? crc_of(o.target, o.count, o.type, o.type.is_contiguous() ? now.bytes : 0) : 0);
  }
  self_.forget(number);
}

op_number sim_transport::started(std::uint32_t number, completion& now) {
  const operation& o = self_.operations[number];
  if (!o.is_done) return op_number{number};
  if (o.who == noticed_by::poll) self_.done.remove(self_.operations, number);
  hand_out(number, now);
  return op_number::completed;
}

std::uint32_t sim_transport::send(const envelope& to, const void* data, std::uint64_t count, const datatype& type,
                                  send_mode mode, void* token, noticed_by who, std::uint32_t persistent) {
  check(to, false);
  on_.pace(self_);
  const std::uint64_t bytes = packed_bytes(count, type);
  on_.pass(self_, on_.options().network.overhead + copy_time(bytes));
  ++self_.calls;
  self_.last_call = "isend";
  on_.trace(self_, traced::send, to.peer, to.tag, bytes, crc_of(data, count, type, bytes));
  comm_state& comm = self_.comm(to.comm);
  const std::uint32_t number = self_.add_operation(token, who);
  operation& o = self_.operations[number];
  o.persistent = persistent;
  message* const m = on_.make_message();
  m->on = comm.members.get();
  m->from = &self_;
  m->to = self_.of.ranks[static_cast<std::size_t>(comm.members->world_rank(to.peer))].get();
  m->source = comm.rank;
  m->tag = to.tag;
  m->bytes = bytes;
  if (mode == send_mode::standard && bytes < limits_.eager_bytes) {
    if (bytes > sizeof m->short_payload) m->payload.resize(bytes);
    pack(data, count, type, m->data());
    self_.complete(number);
    on_.dispatch(m, self_.clock, bytes);
  } else {
    o.source = data;
    o.count = count;
    o.type = type;
    m->sender_operation = number;
    on_.dispatch(m, self_.clock, 0);
  }
  return number;
}

message* sim_transport::find_unexpected(const envelope& from) {
  for (message* m = self_.comm(from.comm).messages.unexpected.first; m != nullptr; m = m->next) {
    if (matches(from, *m)) return m;
  }
  return nullptr;
}

std::uint32_t sim_transport::post(const envelope& from, void* data, std::uint64_t count, const datatype& type,
                                  void* token, noticed_by who, std::uint32_t persistent) {
  check(from, true);
  packed_bytes(count, type);  // refuses types that mean nothing here
  on_.look(self_, on_.options().costs.test, "irecv");
  const std::uint32_t number = self_.add_operation(token, who);
  operation& o = self_.operations[number];
  o.is_receive = true;
  o.match = from;
  o.target = data;
  o.count = count;
  o.type = type;
  o.persistent = persistent;
  matching& queue = self_.comm(from.comm).messages;
  if (message* const m = find_unexpected(from)) {
    queue.unexpected.remove(m);
    on_.deliver(m, number, self_.clock);
  } else {
    o.is_posted = true;
    queue.posted.push_back({from.peer, from.tag, number});
  }
  return number;
}

op_number sim_transport::isend(const envelope& to, const void* data, std::uint64_t count, const datatype& type,
                               send_mode mode, void* token, completion& now) {
  const call_scope scope(self_);
  return started(send(to, data, count, type, mode, token, noticed_by::poll, 0), now);
}

op_number sim_transport::irecv(const envelope& from, void* data, std::uint64_t count, const datatype& type, void* token,
                               completion& now) {
  const call_scope scope(self_);
  return started(post(from, data, count, type, token, noticed_by::poll, 0), now);
}

bool sim_transport::iprobe(const envelope& from, matched_message& found) {
  const call_scope scope(self_);
  check(from, true);
  on_.look(self_, on_.options().costs.test, "iprobe");
  const message* const m = find_unexpected(from);
  if (m == nullptr) return false;
  found = {0, m->bytes, m->source, m->tag};
  return true;
}

bool sim_transport::improbe(const envelope& from, matched_message& found) {
  const call_scope scope(self_);
  check(from, true);
  on_.look(self_, on_.options().costs.test, "improbe");
  message* const m = find_unexpected(from);
  if (m == nullptr) return false;
  self_.comm(from.comm).messages.unexpected.remove(m);
  found = {++self_.next_matched, m->bytes, m->source, m->tag};
  self_.matched.emplace(found.id, m);
  return true;
}

op_number sim_transport::imrecv(const matched_message& wanted, void* data, std::uint64_t count, const datatype& type,
                                void* token, completion& now) {
  const call_scope scope(self_);
  const auto found = self_.matched.find(wanted.id);
  if (found == self_.matched.end()) throw world_error("no such matched message, or received already", 0);
  message* const m = found->second;
  self_.matched.erase(found);
  const std::uint32_t number = self_.add_operation(token, noticed_by::poll);
  operation& o = self_.operations[number];
  o.is_receive = true;
  o.target = data;
  o.count = count;
  o.type = type;
  on_.deliver(m, number, self_.clock);
  return started(number, now);
}

bool sim_transport::cancel_recv(op_number wanted, completion& now) {
  const auto number = static_cast<std::uint32_t>(wanted);
  operation& o = self_.started(wanted);
  if (!o.is_receive) throw world_error("only a receive can be cancelled", static_cast<int>(number));
  on_.trace(self_, traced::cancel, o.match.peer, o.match.tag, 0, 0);
  if (o.is_posted) {
    self_.comm(o.match.comm).messages.posted.remove(number);
    self_.forget(number);
    return true;
  }
  if (o.matched != nullptr) {
    on_.hurry(o.matched);
    o.is_done = true;
  } else if (o.who == noticed_by::poll) {
    self_.done.remove(self_.operations, number);
  }
  hand_out(number, now);
  return false;
}

persistent_operation& sim_transport::persistent(persistent_id id) {
  const auto index = static_cast<std::size_t>(id);
  if (index == 0 || index >= self_.persistents.size() || !self_.persistents[index].is_used) {
    throw world_error("unknown persistent operation", static_cast<int>(id));
  }
  return self_.persistents[index];
}

persistent_id sim_transport::send_init(const envelope& to, const void* data, std::uint64_t count, const datatype& type,
                                       send_mode mode) {
  check(to, false);
  if (self_.persistents.empty()) self_.persistents.emplace_back();
  self_.persistents.push_back({true, false, false, mode, to, data, nullptr, count, type});
  return persistent_id{static_cast<std::uint32_t>(self_.persistents.size() - 1)};
}

persistent_id sim_transport::recv_init(const envelope& from, void* data, std::uint64_t count, const datatype& type) {
  check(from, true);
  if (self_.persistents.empty()) self_.persistents.emplace_back();
  self_.persistents.push_back({true, true, false, send_mode::standard, from, nullptr, data, count, type});
  return persistent_id{static_cast<std::uint32_t>(self_.persistents.size() - 1)};
}

op_number sim_transport::start(persistent_id id, noticed_by who, void* token, completion& now) {
  const call_scope scope(self_);
  persistent_operation& kept = persistent(id);
  if (kept.is_active) throw world_error("a persistent operation was started twice", static_cast<int>(id));
  kept.is_active = true;
  const persistent_operation p = kept;  // while this rank gives way, others may add to the list
  const auto key = static_cast<std::uint32_t>(id);
  const std::uint32_t number = p.is_receive ? post(p.where, p.target, p.count, p.type, token, who, key)
                                            : send(p.where, p.source, p.count, p.type, p.mode, token, who, key);
  return started(number, now);
}

void sim_transport::free_persistent(persistent_id id) {
  persistent_operation& p = persistent(id);
  if (p.is_active) throw world_error("a started persistent operation was freed", static_cast<int>(id));
  p = {};
}

std::size_t sim_transport::poll(std::span<completion> out, bool) {
  const call_scope scope(self_);
  on_.look(self_, on_.options().costs.poll, "poll");
  self_.news_polled = self_.news;
  std::size_t n = 0;
  while (n < out.size() && self_.done.first != 0) {
    const std::uint32_t number = self_.done.first;
    self_.done.remove(self_.operations, number);
    hand_out(number, out[n++]);
  }
  return n;
}

bool sim_transport::test(op_number wanted, completion& now) {
  const call_scope scope(self_);
  self_.started(wanted);
  on_.look(self_, on_.options().costs.test, "test");
  const auto number = static_cast<std::uint32_t>(wanted);
  const operation& o = self_.operations[number];
  if (!o.is_done) return false;
  if (o.who == noticed_by::poll) self_.done.remove(self_.operations, number);
  hand_out(number, now);
  return true;
}

time_point sim_transport::now() {
  const call_scope scope(self_);
  on_.look(self_, on_.options().costs.clock, "now");
  return time_point(duration(self_.clock));
}

void sim_transport::idle(time_point deadline, std::uint64_t, int) {
  const call_scope scope(self_);
  on_.pass(self_, on_.options().costs.idle);
  ++self_.calls;
  self_.last_call = "idle";
  const std::int64_t until = deadline.time_since_epoch().count();
  // News that came since the last poll would not wake it.
  if (self_.news_polled == self_.news && until > self_.clock) {
    on_.park(self_, until);
  } else {
    on_.look(self_, duration(0), "idle");
  }
}

message_fate sim_transport::fate() {
  const fault_options& faults = on_.options().faults;
  const auto drawn = static_cast<int>(self_.random.below(1000));
  message_fate fate = message_fate::deliver;
  if (drawn < faults.losses_in_thousand) {
    fate = message_fate::lose;
  } else if (drawn < faults.losses_in_thousand + faults.repeats_in_thousand) {
    fate = message_fate::repeat;
  } else if (drawn < faults.losses_in_thousand + faults.repeats_in_thousand + faults.postponements_in_thousand) {
    fate = message_fate::postpone;
  }
  if (fate != message_fate::deliver) on_.trace(self_, traced::fault, -1, static_cast<int>(fate), 0, 0);
  return fate;
}

void sim_transport::compute(duration length) {
  const call_scope scope(self_);
  on_.pass(self_, length);
  on_.look(self_, duration(0), "compute");
}

void sim_transport::abort(int code) { on_.abort(self_, code); }

window& sim_transport::windows() { throw not_supported("window"); }
launcher& sim_transport::launch() { throw not_supported("launcher"); }
liveness& sim_transport::peers() { throw not_supported("liveness"); }

}  // namespace weft::sim
