// SPDX-License-Identifier: BSL-1.0
#include <weft/port/hub.hpp>

#include <cstring>
#include <utility>

#include <weft/core/error.hpp>
#include <weft/core/planted_fault.hpp>

namespace weft::detail {

/// The communicator of the ports, being made.
struct connecting final : operation {
  connecting(message_hub& owner, loop& on) noexcept : operation(on, kind, {}), hub(&owner) {}
  ~connecting() = default;
  static void complete(operation& self, const completion& result) noexcept {
    message_hub* owner = static_cast<connecting&>(self).hub;
    if (owner == nullptr) return;  // abandoned
    self.on().note_work();
    self.succeed();
    if (result.status == op_status::ok) {
      owner->connected(comm_id{static_cast<std::uint32_t>(result.bytes)});
    } else {
      owner->fail("the communicator of the ports cannot be made: error " + std::to_string(result.code));
    }
  }
  static withdrawal stay(operation&) noexcept { return withdrawal::impossible; }
  static constexpr operation::type kind{"connecting the ports", complete, stay, destroy_operation<connecting>,
                                        drop_policy::park};
  message_hub* hub;
};

const char* name_of(shutdown_phase phase) noexcept {
  switch (phase) {
    case shutdown_phase::open:
      return "open";
    case shutdown_phase::connecting:
      return "connecting the ports";
    case shutdown_phase::flushing:
      return "sending what was posted";
    case shutdown_phase::draining:
      return "waiting until every rank has received everything";
    case shutdown_phase::closing:
      return "freeing the communicator";
    case shutdown_phase::closed:
      return "closed";
  }
  return "";
}

message_hub::message_hub(loop& on, duration flush_after, abandoned_operations& abandoned)
    : on_(on),
      transport_(on.transport()),
      rank_(transport_.rank(world_comm)),
      size_(transport_.size(world_comm)),
      flush_after_(flush_after),
      own_(&peers_.at(rank_)),
      abandoned_(abandoned) {
  on_.add_source(*this);
  connecting_ = make_operation<connecting>(*this, on_);
  connecting& mine = *connecting_;
  completion now;
  mine.number = transport_.dup(world_comm, &mine, now);
  if (mine.number == op_number::completed) connecting::complete(mine, now);
}

message_hub::~message_hub() {
  on_.remove_source(*this);
  cancel_ring();
  abandon_wave();
  if (connecting_ != nullptr) {
    connecting_->hub = nullptr;
    abandon(*connecting_);
  }
  for (frame* f : sending_) f->hub = nullptr;
  for (outgoing* o : std::exchange(outgoing_, {})) {
    o->hub = nullptr;
    if (o->started) continue;
    o->cancelled();
    o->drop();
  }
  for (incoming* i : std::exchange(incoming_, {})) i->drop();
  peers_.for_each([](peer& p) {
    if (p.open != nullptr) frame::give_back(p.open);
    while (p.first_queued != nullptr) frame::give_back(std::exchange(p.first_queued, p.first_queued->next));
  });
  for (const arrival& a : held_) {
    if (a.copy != nullptr) frame::give_back(a.copy);
  }
  if (spare_ != nullptr) frame::give_back(spare_);
}

void message_hub::abandon(operation& op) {
  op.cancelled();
  abandoned_.all.push_back(&op);
}

void message_hub::connected(comm_id comm) {
  std::exchange(connecting_, nullptr)->drop();
  comm_ = comm;
  ring_.reset(new ring_slot[ring_size]);
  for (std::size_t i = 0; i < ring_size; ++i) {
    ring_[i].receive =
        transport_.recv_init({comm_, any_source, frame_tag}, ring_[i].bytes, frame_bytes, datatype_of<std::byte>);
    start_slot(static_cast<int>(i));
  }
  peers_.for_each([this](peer& p) { send_queued(p); });
  grant_sendable();
}

void message_hub::cancel_ring() {
  if (!is_connected()) return;
  for (arrival& a : held_) {
    if (a.from == nullptr || a.slot == none) continue;
    a.copy = frame::take();
    std::memcpy(a.copy->bytes, a.bytes, a.size);
    a.bytes = a.copy->bytes;
    a.slot = none;
  }
  held_in_ring_ = 0;
  emptied_count_ = 0;
  for (; posted_count_ > 0; --posted_count_) {
    ring_slot& slot = ring_[static_cast<std::size_t>(posted_slots_[first_posted_])];
    first_posted_ = (first_posted_ + 1) % ring_size;
    completion late;  // an acknowledgement that nobody needs any more, or the rank ends early
    if (slot.started != op_number::completed) transport_.cancel_recv(slot.started, late);
  }
  for (std::size_t i = 0; i < ring_size; ++i) transport_.free_persistent(ring_[i].receive);
  ring_.reset();
}

std::uint32_t message_hub::add_port(receiver& port) {
  ports_.push_back(&port);
  retired_.push_back(false);
  retry_ = retry_protocol_ = !WEFT_PLANTED("port.what_came_before_its_port_stays");
  on_.note_work();
  return static_cast<std::uint32_t>(ports_.size() - 1);
}

void message_hub::remove_port(std::uint32_t number, bool retired) noexcept {
  ports_[number] = nullptr;
  retired_[number] = retired;
  retry_ = retry_protocol_ = true;
  on_.note_work();
}

void message_hub::fail(const std::string& text) noexcept {
  is_broken_ = true;
  on_.fail(std::make_exception_ptr(error("rank " + std::to_string(rank_) + ": " + text)));
}

void message_hub::handler_failed(const receiver& port) noexcept {
  ++metrics_.handler_errors;
  on_.report(std::current_exception(), "a port's handler", port.where());
}

std::uint64_t message_hub::undelivered() const noexcept {
  std::uint64_t count = metrics_.dropped;
  for (const arrival& a : held_) {
    if (a.from == nullptr) continue;
    run_header run;
    for (std::size_t at = sizeof(frame_header); at < a.size; at += sizeof run + padded(run.bytes)) {
      std::memcpy(&run, a.bytes + at, sizeof run);
      if (run.kind != run_kind::done) count += run.count;
    }
  }
  return count;
}

}  // namespace weft::detail
