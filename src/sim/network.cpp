// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstring>
#include <utility>

#include <weft/core/error.hpp>
#include <weft/sim/engine.hpp>
#include <weft/sim/layout.hpp>
#include <weft/sim/match.hpp>

namespace weft::sim {

namespace {

constexpr std::uint64_t header_bytes = 32;  // what a message takes on the wire beside its payload
constexpr std::size_t most_kept_bytes = 64 * 1024;

std::int64_t latency_between(const endpoint& a, const endpoint& b) {
  const network_options& net = a.on.options().network;
  return (&a.of == &b.of && a.node == b.node ? net.node_latency : net.latency).count();
}

void fill(operation& into, message& m) {
  into.result.bytes = m.bytes;
  into.result.source = m.source;
  into.result.tag = m.tag;
}

}  // namespace

bool matches(const envelope& wanted, const message& found) {
  return (wanted.peer == any_source || wanted.peer == found.source) &&
         (wanted.tag == any_tag || wanted.tag == found.tag);
}

message* engine::make_message() {
  if (free_messages_ == nullptr) return new message;
  message* const m = std::exchange(free_messages_, free_messages_->next);
  m->next = nullptr;
  return m;
}

void engine::free_message(message* m) noexcept {
  held_bytes_ -= sizeof(message) + m->payload.size();
  if (m->payload.capacity() > most_kept_bytes) {
    m->payload = {};
  } else {
    m->payload.clear();
  }
  m->sender_operation = m->receiver_operation = 0;
  m->is_collective = false;
  m->previous = nullptr;
  m->next = free_messages_;
  free_messages_ = m;
}

/// When what `from` hands to its port at `at` has come out of the port of `to`, which takes `setup` to begin with it.
/// Messages of a pair stay in order.
std::int64_t engine::arrival(endpoint& from, endpoint& to, std::int64_t at, std::uint64_t wire_bytes,
                             std::int64_t setup) {
  const network_options& net = options_.network;
  const std::int64_t length = static_cast<std::int64_t>(wire_bytes) * net.picoseconds_per_byte / 1000;
  const std::int64_t busy = std::max(net.gap.count(), length);
  const std::int64_t departure = std::max(at, from.port_out_free);
  from.port_out_free = departure + busy;
  std::int64_t head = departure + latency_between(from, to);
  if (!topology_.is_flat() && from.node != to.node) [[unlikely]]
    head = topology_.enter(to.node, head + topology_.cross(from.node, to.node, departure, busy) - departure, busy);
  const std::int64_t reached = std::max(head, to.port_in_free);
  to.port_in_free = reached + setup + busy;
  std::int64_t there = reached + setup + length;
  if (net.jitter.count() > 0) {
    there += static_cast<std::int64_t>(network_random_.below(static_cast<std::uint64_t>(net.jitter.count()) + 1));
  }
  if (at < from.late_until) there += from.late_by;
  if (at < to.late_until) there += to.late_by;
  std::int64_t& last = from.last_arrival.at(&to, now_);
  last = std::max(last, there);
  return last;
}

void engine::dispatch(message* m, std::int64_t at, std::uint64_t payload_bytes) {
  ++counts_.messages;
  counts_.bytes += m->bytes;
  held_bytes_ += sizeof(message) + m->payload.size();
  if (chooser_ != nullptr && !m->is_collective) {
    hold(m);
    return;
  }
  if (held_bytes_ > options_.limits.message_bytes) stop_ = stop_reason::memory_limit;
  post(*m->to, arrival(*m->from, *m->to, at, payload_bytes + header_bytes), delivery::kind::arrive, m);
}

void engine::arrive(message* m) {
  endpoint& to = *m->to;
  comm_state* const comm = to.state == rank_state::ended ? nullptr : to.find(m->on);
  if (comm == nullptr) {
    ++counts_.lost;
    free_message(m);
    return;
  }
  matching& queue = m->is_collective ? comm->collectives : comm->messages;
  if (const std::uint32_t number = queue.posted.take(m->source, m->tag); number != 0) {
    to.operations[number].is_posted = false;
    deliver(m, number, now_);
    return;
  }
  queue.unexpected.push_back(m);
  wake(to);
}

void engine::deliver(message* m, std::uint32_t number, std::int64_t at) {
  endpoint& to = *m->to;
  operation& into = to.operations[number];
  fill(into, *m);
  if (m->sender_operation != 0) {
    fetch(m, number, at);
    return;
  }
  copy_into(into, m->data(), m->bytes);
  free_message(m);
  to.complete(number);
}

void engine::copy_into(operation& into, const std::byte* data, std::uint64_t bytes) {
  const std::uint64_t room = packed_bytes(into.count, into.type);
  if (bytes > room) into.result.status = op_status::truncated;
  unpack(std::span<const std::byte>(data, std::min(bytes, room)), into.target, into.type);
}

void engine::fetch(message* m, std::uint32_t number, std::int64_t at) {
  m->receiver_operation = number;
  m->to->operations[number].matched = m;
  const std::int64_t asked = at + latency_between(*m->to, *m->from);
  const std::int64_t setup = options_.network.handshake.count();
  post(*m->to, arrival(*m->from, *m->to, asked, m->bytes + header_bytes, setup), delivery::kind::transfer, m);
}

void engine::transfer(message* m) {
  endpoint& to = *m->to;
  const std::uint32_t number = m->receiver_operation;
  if (to.state == rank_state::ended || number == 0) {
    free_message(m);
    return;
  }
  take_data(*m);
  operation& into = to.operations[number];
  into.matched = nullptr;
  free_message(m);
  to.complete(number);
}

/// Copies a long message out of its sender's buffer, which is the sender's again when it hears of it.
void engine::take_data(message& m) {
  endpoint& from = *m.from;
  operation& into = m.to->operations[m.receiver_operation];
  const bool is_there = m.sender_operation < from.operations.size() && from.state != rank_state::ended &&
                        from.operations[m.sender_operation].in_use;
  if (!is_there) {
    into.result.status = op_status::failed;
    return;
  }
  const operation& source = from.operations[m.sender_operation];
  if (source.type.is_contiguous()) {
    copy_into(into, static_cast<const std::byte*>(source.source), m.bytes);
  } else {
    std::vector<std::byte> packed(m.bytes);
    pack(source.source, source.count, source.type, packed.data());
    copy_into(into, packed.data(), m.bytes);
  }
  post(from, present() + latency_between(*m.to, from), delivery::kind::finish, nullptr, m.sender_operation);
}

void engine::hurry(message* m) {
  take_data(*m);
  m->to->operations[m->receiver_operation].matched = nullptr;
  m->receiver_operation = 0;
}

network_options network_preset(std::string_view name) {
  network_options net;
  if (name == "hdr") {
    // 200 Gb/s; ping-pong of 8 bytes below 2 us end to end: Nvidia's and MVAPICH2's published OSU figures for HDR.
    net.latency = duration(900);
    net.overhead = duration(200);
    net.gap = duration(60);
    net.picoseconds_per_byte = 41;
  } else if (name == "slingshot") {
    // 200 Gb/s; De Sensi et al., "An in-depth analysis of the Slingshot interconnect", SC 2020, figures 3 and 5.
    net.latency = duration(1700);
    net.overhead = duration(250);
    net.gap = duration(80);
    net.picoseconds_per_byte = 43;
  } else if (name == "ethernet") {
    // 10 Gb/s with the kernel's TCP, 20 us end to end between two programs: Hurwitz and Feng, "Initial end-to-end
    // performance evaluation of 10-Gigabit Ethernet", Hot Interconnects 2003. A byte is IEEE 802.3ae's line rate, the
    // gap that of a full frame of 1,538 bytes, and the eager size Open MPI's btl_tcp_eager_limit.
    net.latency = duration(14'000);
    net.overhead = duration(3000);
    net.gap = duration(1230);
    net.picoseconds_per_byte = 800;
    net.eager_bytes = 65536;
  } else {
    throw usage_error("no such network: " + std::string(name) + " (ethernet, hdr or slingshot)");
  }
  return net;
}

}  // namespace weft::sim
