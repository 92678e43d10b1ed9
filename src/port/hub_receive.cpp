// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include <weft/core/error.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/port/hub.hpp>

namespace weft::detail {

namespace {

/// Bounds what one poll and one run phase take, so that the ring starves nobody.
constexpr int frames_per_poll = 32;
constexpr int frames_per_run = 64;

}  // namespace

void message_hub::start_slot(int slot) {
  ring_slot& s = ring_[static_cast<std::size_t>(slot)];
  s.started = transport_.start(s.receive, noticed_by::caller, nullptr, s.early);
  posted_slots_[(first_posted_ + posted_count_++) % ring_size] = slot;
}

void message_hub::restart_slots() {
  while (emptied_count_ > 0) start_slot(emptied_slots_[--emptied_count_]);
}

bool message_hub::next_arrival(int& slot, completion& what, bool patient) {
  if (posted_count_ == 0) restart_slots();
  if (posted_count_ == 0) return false;
  slot = posted_slots_[first_posted_];
  ring_slot& s = ring_[static_cast<std::size_t>(slot)];
  if (s.started == op_number::completed) {
    what = s.early;
  } else if (!(patient ? transport_.test_briefly(s.started, what) : transport_.test(s.started, what))) {
    return false;
  }
  first_posted_ = (first_posted_ + 1) % ring_size;
  --posted_count_;
  return true;
}

bool message_hub::poll() {
  if (is_broken_) return false;
  bool any = take_own();
  if (held_in_ring_ > 0) clear_ring();
  restart_slots();
  if (retry_protocol_) any |= sweep_protocol();
  if (!is_connected()) return any;
  int slot = none;
  completion what;
  bool found_one = false;
  for (int i = 0; i < frames_per_poll && !is_broken_ && next_arrival(slot, what); ++i) {
    accept(slot, what);
    found_one = true;
  }
  has_waited_ = !found_one;
  return any || found_one;
}

found message_hub::poll_and_run() {
  const bool is_plain = has_waited_ && held_.empty() && incoming_.empty() && own_->open == nullptr && !retry_ &&
                        !retry_protocol_ && !is_broken_ && is_connected();
  if (!is_plain) return poll() ? found::something : found::nothing;
  restart_slots();
  int slot = none;
  completion what;
  if (!next_arrival(slot, what, true)) return found::nothing;
  has_waited_ = false;
  arrival here;
  if (!admit(slot, what, here)) return found::something;
  bool is_done = false;
  on_.run_user([&] { is_done = walk(here, pass::all); }, "a port");
  if (is_done) {
    release(here);
  } else {
    hold_first(here);
  }
  return held_.empty() ? found::answered : found::something;
}

/// Checks a frame that has come. True if it is a numbered one, whose messages are for ports.
bool message_hub::admit(int slot, const completion& what, arrival& here) {
  std::byte* bytes = ring_[static_cast<std::size_t>(slot)].bytes;
  if (what.status != op_status::ok || what.bytes < sizeof(frame_header) || what.bytes > frame_bytes) {
    fail("a frame from rank " + std::to_string(what.source) + " is broken: " + std::to_string(what.bytes) +
         " bytes, code " + std::to_string(what.code));
    return false;
  }
  frame_header header;
  std::memcpy(&header, bytes, sizeof header);
  peer& from = peer_at(what.source);
  ++metrics_.frames_received;
  if (header.sequence != 0 || !WEFT_PLANTED("credits.control_frames_give_none"))
    take_acknowledgement(from, header.consumed);
  here = {&from, bytes, nullptr, static_cast<std::uint32_t>(what.bytes), slot};
  if (header.sequence == 0) {
    walk(here, pass::all);
    empty_slot(slot);
    return false;
  }
  if (header.sequence != from.received + 1) {
    fail("frame " + std::to_string(header.sequence) + " came from rank " + std::to_string(from.rank) + " after frame " +
         std::to_string(from.received) + ": one was lost or came twice");
    return false;
  }
  from.received = header.sequence;
  return true;
}

void message_hub::accept(int slot, const completion& what) {
  arrival here;
  if (!admit(slot, what, here)) return;
  if (walk(here, pass::protocol)) {
    release(here);
  } else {
    hold(here);
  }
}

void message_hub::hold(const arrival& what) {
  held_.push_back(what);
  if (what.slot != none) ++held_in_ring_;
}

/// What is held by now came later: a handler has polled.
void message_hub::hold_first(const arrival& what) {
  held_.insert(held_.begin(), what);
  ++held_in_ring_;
}

void message_hub::move_out_of_ring(arrival& what) {
  WEFT_REACHED("port.frame_is_moved_out_of_the_ring");
  frame* f = frame::take();
  std::memcpy(f->bytes, what.bytes, what.size);
  empty_slot(std::exchange(what.slot, none));
  what.bytes = f->bytes;
  what.copy = f;
  --held_in_ring_;
  ++metrics_.frames_copied;
}

void message_hub::clear_ring() {
  for (arrival& a : held_) {
    if (a.from != nullptr && a.slot != none && a.slot != running_slot_) move_out_of_ring(a);
  }
}

bool message_hub::take_own() {
  if (own_->open == nullptr) return false;
  seal(*own_);
  return true;
}

bool message_hub::sweep_protocol() {
  retry_protocol_ = false;
  bool any = false;
  // By index: handlers may add arrivals (messages to the own rank).
  for (std::size_t i = 0; i < held_.size(); ++i) {
    const arrival a = held_[i];
    if (a.from == nullptr || !walk(a, pass::protocol)) continue;
    held_[i].from = nullptr;
    release(a);
    any = true;
  }
  return any;
}

void message_hub::release(const arrival& what) {
  if (what.slot != none) {
    empty_slot(what.slot);
  } else {
    frame::give_back(what.copy);
  }
  peer& from = *what.from;
  if (&from == own_) return;
  ++from.consumed;
  if (from.consumed - from.told >= acknowledge_after && !is_broken_) send_control(from, nullptr, nullptr);
}

bool message_hub::run() {
  if (is_broken_) return false;
  bool any = take_own();
  if (retry_ || stalled_ < held_.size()) {
    on_.run_user([&] { any |= run_held(); }, "a port");
  }
  // A loop that stays busy does not reach `flush`: what it posts leaves after the flush time.
  if (first_dirty_ != nullptr) {
    if (flush_at_ == never) {
      flush_at_ = transport_.now() + flush_after_;
    } else if (transport_.now() >= flush_at_) {
      flush();
    }
  }
  return any;
}

bool message_hub::run_held() {
  bool any = false;
  for (std::size_t i = 0; i < incoming_.size();) {
    if (incoming_[i]->arrived) {
      deliver_fetched(*incoming_[i]);
      any = true;
      i = 0;
    } else {
      ++i;
    }
  }
  std::size_t i = std::exchange(retry_, false) ? 0 : stalled_;
  for (int taken = 0; i < held_.size() && taken < frames_per_run && !is_broken_; ++i) {
    const arrival a = held_[i];
    if (a.from == nullptr) continue;
    running_slot_ = a.slot;
    const bool is_done = walk(a, pass::all);
    running_slot_ = none;
    if (is_done) {
      held_[i].from = nullptr;
      if (a.slot != none) --held_in_ring_;
      release(a);
      ++taken;
      any = true;
    } else if (a.slot != none) {
      move_out_of_ring(held_[i]);
    }
  }
  const auto is_left = [](const arrival& a) { return a.from != nullptr; };
  stalled_ =
      static_cast<std::size_t>(std::count_if(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(i), is_left));
  std::erase_if(held_, [&](const arrival& a) { return !is_left(a); });
  return any;
}

bool message_hub::walk(const arrival& what, pass who) {
  bool all_done = true;
  for (std::size_t at = sizeof(frame_header); at < what.size;) {
    run_header run;
    if (what.size - at < sizeof run) {
      fail("a frame from rank " + std::to_string(what.from->rank) + " ends within a header");
      return false;
    }
    std::memcpy(&run, what.bytes + at, sizeof run);
    if (run.bytes > what.size - at - sizeof run) {
      fail("a frame from rank " + std::to_string(what.from->rank) + " announces more bytes than it has");
      return false;
    }
    if (run.kind != run_kind::done) {
      if (deliver(*what.from, run, what.bytes + at + sizeof run, who)) {
        const run_kind done =
            who == pass::protocol && WEFT_PLANTED("port.protocol_message_comes_again") ? run.kind : run_kind::done;
        std::memcpy(what.bytes + at + offsetof(run_header, kind), &done, sizeof done);
      } else {
        all_done = false;
      }
    }
    at += sizeof run + padded(run.bytes);
  }
  return all_done && !is_broken_;
}

bool message_hub::deliver(peer& from, const run_header& run, std::byte* content, pass who) {
  if (run.kind == run_kind::fetch) {
    on_fetch_order(from, run, content);
    return true;
  }
  if (run.port >= ports_.size()) {
    WEFT_REACHED("port.message_comes_before_its_port");
    return false;
  }
  receiver* port = ports_[run.port];
  if (port == nullptr) {
    if (run.kind == run_kind::announce) refuse(from, run, content);
    if (!retired_[run.port]) metrics_.dropped += run.count;
    metrics_.handled += run.count;
    return true;
  }
  if (run.type != port->type()) {
    fail(port->describe() + " got messages of another type from rank " + std::to_string(from.rank) +
         ": every rank must construct its ports, and the objects that have some, in the same order");
    return false;
  }
  if (who == pass::protocol && !port->is_protocol()) return false;
  if (from.fetches > (WEFT_PLANTED("port.one_large_message_is_overtaken") ? 1 : 0) && is_blocked(from, run.port))
    return false;
  try {
    switch (run.kind) {
      case run_kind::fixed:
        port->deliver_fixed(from.rank, content, run.bytes, run.count);
        metrics_.handled += run.count;
        return true;
      case run_kind::encoded:
        port->deliver_encoded(from.rank, content, run.bytes, run.count);
        metrics_.handled += run.count;
        return true;
      case run_kind::announce:
        return start_fetch(from, *port, run, content);
      default:
        fail("a frame from rank " + std::to_string(from.rank) + " has a run of an unknown kind");
        return false;
    }
  } catch (const std::exception& e) {
    fail(port->describe() + " got a message that cannot be decoded from rank " + std::to_string(from.rank) + ": " +
         e.what());
    return false;
  }
}

}  // namespace weft::detail
