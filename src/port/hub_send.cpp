// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include <weft/core/error.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/port/hub.hpp>

namespace weft::detail {

namespace {

/// Flushes with nothing to send, after which memory is given back.
constexpr std::uint32_t flushes_before_trim = 256;

/// A frame on its way, if the transport did not take it at once.
struct frame_send final : operation {
  explicit frame_send(loop& on) noexcept : operation(on, kind, {}) {}
  ~frame_send() = default;
  static frame& of(operation& self) noexcept {
    return *reinterpret_cast<frame*>(reinterpret_cast<std::byte*>(&self) - offsetof(frame, operation_memory));
  }
  static void complete(operation& self, const completion& result) noexcept {
    message_hub* hub = of(self).hub;
    self.on().note_work();
    if (hub != nullptr) {
      hub->sent(of(self));
      if (result.status != op_status::ok) hub->fail("a frame could not be sent: error " + std::to_string(result.code));
    }
    self.succeed();
  }
  static withdrawal stay(operation&) noexcept { return withdrawal::impossible; }
  static void destroy(operation& self) noexcept {
    frame& f = of(self);
    static_cast<frame_send&>(self).~frame_send();
    frame::give_back(&f);
  }
  static constexpr operation::type kind{"frame", complete, stay, destroy, drop_policy::park};
};
static_assert(sizeof(frame_send) <= sizeof(frame::operation_memory));

struct sendable_wait final : value_operation<void>, queued_wait {
  sendable_wait(loop& on, peer& whom, source_location where) noexcept
      : value_operation(on, kind, where), to(whom), number(to.next_number() - (to.open == nullptr ? 1 : 0)) {
    abandon = [](queued_wait& self) noexcept { static_cast<sendable_wait&>(self).cancelled(); };
    peer_ = to.rank;
  }
  ~sendable_wait() {
    if (list != nullptr) list->remove(*this);
  }
  static withdrawal leave(operation& self) noexcept {
    auto& me = static_cast<sendable_wait&>(self);
    if (me.list != nullptr) me.list->remove(me);
    me.cancelled();
    return withdrawal::withdrawn;
  }
  static constexpr operation::type kind{"post_wait", never_completed, leave, destroy_operation<sendable_wait>,
                                        drop_policy::withdraw};
  peer& to;
  std::uint32_t number;  ///< of the last frame that must be able to leave
};

}  // namespace

peer& message_hub::peer_at(int rank) {
  if (rank < 0 || rank >= size_) {
    throw usage_error("a message was posted to rank " + std::to_string(rank) + " of " + std::to_string(size_));
  }
  return peers_.at(rank);
}

void message_hub::open_frame(peer& to) {
  on_.note_work();
  if (phase_ == shutdown_phase::closed) throw usage_error("a message was posted after the context's shutdown");
  if (open_frames_ >= most_open_frames) send_open();
  to.open = spare_ != nullptr ? std::exchange(spare_, nullptr) : frame::take();
  ++open_frames_;
  to.cursor = to.open->bytes + sizeof(frame_header);
  to.limit = to.open->bytes + frame_bytes;
  note_dirty(to);
}

void message_hub::note_dirty(peer& to) noexcept {
  if (to.is_dirty) return;
  to.is_dirty = true;
  to.next_dirty = first_dirty_;
  first_dirty_ = &to;
}

void message_hub::open_run(peer& to, const receiver& port, run_kind kind, std::size_t bytes) {
  if (to.run_port == port.number() && static_cast<std::size_t>(to.limit - to.cursor) >= bytes) return;
  close_run(to);
  if (to.open != nullptr && static_cast<std::size_t>(to.limit - to.cursor) < sizeof(run_header) + bytes) seal(to);
  if (to.open == nullptr) open_frame(to);
  to.run = to.cursor;
  to.cursor += sizeof(run_header);
  to.run_port = port.number();
  to.run_type = port.type();
  to.run_what = kind;
  to.run_count = 0;
  to.run_unit = static_cast<std::uint32_t>(bytes);
}

void message_hub::close_run(peer& to) noexcept {
  if (to.run == nullptr) return;
  // A division, even in 32 bits, is a good part of what a lone message costs.
  const auto bytes = static_cast<std::uint32_t>(static_cast<std::size_t>(to.cursor - to.run) - sizeof(run_header));
  const std::uint32_t count = to.run_what != run_kind::fixed ? to.run_count
                              : bytes == to.run_unit         ? 1
                                                             : bytes / to.run_unit;
  const run_header run{to.run_port, to.run_type, to.run_what, static_cast<std::uint16_t>(count), bytes};
  std::memcpy(to.run, &run, sizeof run);
  std::memset(to.cursor, 0, padded(bytes) - bytes);
  to.cursor += padded(bytes) - bytes;
  to.run = nullptr;
  to.run_port = peer::no_run;
}

void message_hub::announce(peer& to, const receiver& port, outgoing& what) {
  what.to = &to;
  what.peer_ = to.rank;
  what.transfer = ++next_transfer_;
  outgoing_.push_back(&what);
  ++metrics_.large;
  close_run(to);
  open_run(to, port, run_kind::announce, sizeof(announcement));
  const announcement content{what.bytes, what.transfer, 0};
  std::memcpy(to.cursor, &content, sizeof content);
  to.cursor += sizeof content;
  to.run_count = 1;
  close_run(to);
}

void message_hub::seal(peer& to) {
  close_run(to);
  frame* f = std::exchange(to.open, nullptr);
  --open_frames_;
  f->size = static_cast<std::uint32_t>(to.cursor - f->bytes);
  to.cursor = to.limit = nullptr;
  if (&to == own_) {
    hold({&to, f->bytes, f, f->size, none});
    retry_protocol_ = true;
    return;
  }
  if (to.first_queued == nullptr && to.has_credit() && is_connected()) {
    send_numbered(to, f);
    return;
  }
  WEFT_REACHED("port.frame_waits_for_credit");
  ++metrics_.frames_queued;
  (to.first_queued == nullptr ? to.first_queued : to.last_queued->next) = f;
  to.last_queued = f;
  ++to.queued;
}

void message_hub::send_queued(peer& to) {
  while (to.first_queued != nullptr && to.has_credit()) {
    frame* f = std::exchange(to.first_queued, to.first_queued->next);
    f->next = nullptr;
    --to.queued;
    send_numbered(to, f);
  }
}

void message_hub::send_numbered(peer& to, frame* f) {
  const frame_header header{++to.sent, to.consumed};
  std::memcpy(f->bytes, &header, sizeof header);
  transmit(to, f);
}

void message_hub::send_control(peer& to, const run_header* run, const void* content) {
  frame* f = frame::take();
  const frame_header header{0, to.consumed};
  std::memcpy(f->bytes, &header, sizeof header);
  f->size = sizeof header;
  if (run != nullptr) {
    std::memcpy(f->bytes + sizeof header, run, sizeof *run);
    std::memcpy(f->bytes + sizeof header + sizeof *run, content, run->bytes);
    f->size += static_cast<std::uint32_t>(sizeof *run + run->bytes);
  }
  transmit(to, f);
}

void message_hub::transmit(peer& to, frame* f) {
  to.told = to.consumed;
  ++metrics_.frames_sent;
  // A frame has mostly left when the call returns: its operation is only made if it has not.
  auto* room = reinterpret_cast<frame_send*>(f->operation_memory);
  completion now;
  const op_number number = transport_.isend({comm_, to.rank, frame_tag}, f->bytes, f->size, datatype_of<std::byte>,
                                            send_mode::standard, static_cast<operation*>(room), now);
  if (number == op_number::completed) [[likely]] {
    if (now.status != op_status::ok) fail("a frame could not be sent: error " + std::to_string(now.code));
    give_back(f);
    return;
  }
  auto* op = ::new (static_cast<void*>(room)) frame_send(on_);
  op->number = number;
  f->hub = this;
  sending_.push_back(f);
  op->peer_ = to.rank;
  op->drop();
}

void message_hub::give_back(frame* f) noexcept {
  if (spare_ == nullptr) {
    spare_ = f;
  } else {
    frame::give_back(f);
  }
}

void message_hub::sent(frame& done) noexcept { std::erase(sending_, &done); }

void message_hub::take_acknowledgement(peer& from, std::uint32_t consumed) {
  if (consumed == from.acked) return;
  if (consumed - from.acked > from.sent - from.acked) {
    fail("rank " + std::to_string(from.rank) + " acknowledges frames that were never sent to it");
    return;
  }
  from.acked = consumed;
  if (!WEFT_PLANTED("credits.queue_waits_for_the_next_message")) send_queued(from);
  if (!waiting_to_send_.empty()) grant_sendable();
}

void message_hub::grant_sendable() {
  for (queued_wait* wait = waiting_to_send_.front(); wait != nullptr;) {
    auto& waiting = static_cast<sendable_wait&>(*wait);
    wait = wait->next;
    if (!waiting.to.could_send(waiting.number)) continue;
    waiting_to_send_.remove(waiting);
    waiting.succeed();
  }
}

future<void> message_hub::sendable(peer& to, source_location where) {
  auto* wait = make_operation<sendable_wait>(on_, to, where);
  if (&to == own_ || (is_connected() && to.could_send(wait->number))) {
    wait->succeed();
  } else {
    waiting_to_send_.push(*wait);
  }
  return future<void>(wait);
}

bool message_hub::send_open() {
  bool any = false;
  for (peer* to = std::exchange(first_dirty_, nullptr); to != nullptr;) {
    peer* next = std::exchange(to->next_dirty, nullptr);
    to->is_dirty = false;
    if (to->open != nullptr) {
      if (to == own_ || (is_connected() && to->first_queued == nullptr && to->has_credit())) {
        seal(*to);
        any = true;
      } else {
        WEFT_REACHED("port.open_frame_waits_for_credit");
        if (!WEFT_PLANTED("port.open_frame_is_forgotten"))
          note_dirty(*to);  // it goes on being filled until there is credit
      }
    }
    to = next;
  }
  return any;
}

bool message_hub::flush() {
  if (is_broken_) return false;
  flush_at_ = never;
  bool any = first_dirty_ != nullptr && send_open();
  any |= advance();
  restart_slots();
  if (any) {
    idle_flushes_ = 0;
  } else if (++idle_flushes_ == flushes_before_trim) {
    if (spare_ != nullptr) frame::give_back(std::exchange(spare_, nullptr));
    frame::trim();
  }
  return any;
}

}  // namespace weft::detail
