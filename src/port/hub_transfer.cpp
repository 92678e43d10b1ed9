// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstring>
#include <string>

#include <weft/core/error.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/port/hub.hpp>

namespace weft::detail {

namespace {

/// Large messages that are fetched from one rank at a time.
constexpr auto most_fetches = 4;

}  // namespace

void outgoing::complete(operation& self, const completion& result) noexcept {
  auto& me = static_cast<outgoing&>(self);
  self.on().note_work();
  if (me.hub != nullptr) {
    me.hub->forget(me);
    if (result.status != op_status::ok) {
      me.hub->fail("a large message could not be sent: error " + std::to_string(result.code));
    }
  }
  self.succeed();
}

void incoming::complete(operation& self, const completion& result) noexcept {
  auto& me = static_cast<incoming&>(self);
  self.on().note_work();
  if (result.status != op_status::ok || result.bytes != me.size) {
    me.hub->fail("a large message from rank " + std::to_string(me.from->rank) + " has " + std::to_string(result.bytes) +
                 " bytes instead of " + std::to_string(me.size));
    return;
  }
  self.succeed();
  me.hub->fetched(me);
}

withdrawal incoming::cancel(operation& self) noexcept {
  auto& me = static_cast<incoming&>(self);
  completion late;
  if (me.tag != 0) self.on().transport().cancel_recv(me.number, late);
  me.cancelled();
  return withdrawal::withdrawn;
}

bool message_hub::is_blocked(const peer& from, std::uint32_t port) const noexcept {
  return std::any_of(incoming_.begin(), incoming_.end(),
                     [&](const incoming* i) { return i->from == &from && i->port == port; });
}

void message_hub::refuse(peer& from, const run_header& run, const std::byte* content) {
  WEFT_REACHED("port.large_message_is_refused");
  announcement what;
  if (run.bytes != sizeof what) return fail("a frame has an announcement of a wrong size");
  std::memcpy(&what, content, sizeof what);
  const fetch_order order{what.transfer, 0};
  const run_header header{run.port, run.type, run_kind::fetch, 0, sizeof order};
  if (&from == own_) {
    on_fetch_order(from, header, reinterpret_cast<const std::byte*>(&order));
  } else {
    send_control(from, &header, &order);
  }
}

bool message_hub::start_fetch(peer& from, receiver& port, const run_header& run, const std::byte* content) {
  announcement what;
  if (run.bytes != sizeof what) {
    fail("a frame has an announcement of a wrong size");
    return false;
  }
  std::memcpy(&what, content, sizeof what);
  if (what.bytes > largest_message) {
    fail("rank " + std::to_string(from.rank) + " announces a message of " + std::to_string(what.bytes) + " bytes");
    return false;
  }
  incoming* in = port.prepare(from.rank, what.bytes);
  in->from = &from;
  in->peer_ = from.rank;
  in->port = run.port;
  in->transfer = what.transfer;
  incoming_.push_back(in);
  ++from.fetches;
  request(*in);
  return true;
}

void message_hub::request(incoming& what) {
  peer& from = *what.from;
  if (&from == own_) {
    const auto found = std::find_if(outgoing_.begin(), outgoing_.end(),
                                    [&](const outgoing* o) { return o->transfer == what.transfer; });
    outgoing& source = **found;
    std::memcpy(what.data, source.data, what.size);
    outgoing_.erase(found);
    source.succeed();
    source.drop();
    what.succeed();
    fetched(what);
    return;
  }
  const auto asked = std::count_if(incoming_.begin(), incoming_.end(),
                                   [&](const incoming* i) { return i->from == &from && i->tag != 0 && !i->arrived; });
  if (asked >= most_fetches) {
    WEFT_REACHED("port.large_message_waits_for_its_turn");
    return;
  }
  if (free_tags_.empty() && next_tag_ > transport_.limits().max_tag) return;
  if (free_tags_.empty()) {
    what.tag = next_tag_++;
  } else {
    what.tag = free_tags_.back();
    free_tags_.pop_back();
  }
  completion now;
  what.number =
      transport_.irecv({comm_, from.rank, what.tag}, what.data, what.size, datatype_of<std::byte>, &what, now);
  const fetch_order order{what.transfer, what.tag};
  const run_header header{what.port, 0, run_kind::fetch, 0, sizeof order};
  send_control(from, &header, &order);
}

void message_hub::request_next(const peer& from) {
  for (incoming* i : incoming_) {
    if (i->tag == 0 && !i->arrived && (i->from == &from || i->from->fetches > 0)) return request(*i);
  }
}

void message_hub::fetched(incoming& what) {
  what.arrived = true;
  if (what.tag != 0) free_tags_.push_back(what.tag);
  if (!WEFT_PLANTED("port.fifth_large_message_is_not_fetched")) request_next(*what.from);
  receiver* port = ports_[what.port];
  retry_ = true;
  if (port == nullptr || port->is_protocol()) deliver_fetched(what);
}

void message_hub::deliver_fetched(incoming& what) {
  std::erase(incoming_, &what);
  --what.from->fetches;
  retry_ = retry_protocol_ = true;
  receiver* port = ports_[what.port];
  if (port == nullptr) {
    if (!retired_[what.port]) ++metrics_.dropped;
  } else {
    try {
      port->deliver_fetched(what);
    } catch (const std::exception& e) {
      fail(port->describe() + " got a message that cannot be decoded from rank " + std::to_string(what.from->rank) +
           ": " + e.what());
    }
  }
  ++metrics_.handled;
  what.drop();
}

void message_hub::on_fetch_order(peer& from, const run_header& run, const std::byte* content) {
  fetch_order order;
  if (run.bytes != sizeof order) return fail("a frame has a fetch order of a wrong size");
  std::memcpy(&order, content, sizeof order);
  const auto found = std::find_if(outgoing_.begin(), outgoing_.end(), [&](const outgoing* o) {
    return o->transfer == order.transfer && o->to == &from && !o->started;
  });
  if (found == outgoing_.end()) {
    return fail("rank " + std::to_string(from.rank) + " asks for a large message that it was not offered");
  }
  outgoing& what = **found;
  if (order.tag == 0) {  // nobody wants it there
    outgoing_.erase(found);
    what.cancelled();
    what.drop();
    return;
  }
  what.started = true;
  completion now;
  what.number = transport_.isend({comm_, from.rank, order.tag}, what.data, what.bytes, datatype_of<std::byte>,
                                 send_mode::standard, &what, now);
  if (what.number == op_number::completed) outgoing::complete(what, now);
  what.drop();
}

}  // namespace weft::detail
