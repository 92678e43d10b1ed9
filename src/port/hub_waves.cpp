// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <string>
#include <vector>

#include <weft/core/error.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/port/hub.hpp>

namespace weft::detail {

/// One sum over all ranks of what has left and what has come in.
struct wave final : operation {
  wave(message_hub& owner, loop& on) noexcept : operation(on, kind, {}), hub(&owner) {}
  ~wave() = default;
  static void complete(operation& self, const completion& result) noexcept {
    auto& me = static_cast<wave&>(self);
    message_hub* owner = me.hub;
    if (owner == nullptr) return;  // abandoned
    self.on().note_work();
    const std::array<std::int64_t, 2> sums = me.out;
    self.succeed();
    if (result.status != op_status::ok) {
      owner->fail("a sum over all ranks failed: error " + std::to_string(result.code));
      return;
    }
    owner->wave_done(sums);
  }
  static withdrawal stay(operation&) noexcept { return withdrawal::impossible; }
  static constexpr operation::type kind{"wave", complete, stay, destroy_operation<wave>, drop_policy::park};

  message_hub* hub;
  std::array<std::int64_t, 2> in{};
  std::array<std::int64_t, 2> out{};
};

namespace {

struct quiescence_wait final : value_operation<void>, queued_wait {
  quiescence_wait(loop& on, source_location where, std::uint64_t its_call, const task_root* its_task) noexcept
      : value_operation(on, kind, where), call(its_call), task(its_task) {
    abandon = [](queued_wait& self) noexcept { static_cast<quiescence_wait&>(self).cancelled(); };
  }
  ~quiescence_wait() {
    if (list != nullptr) list->remove(*this);
  }
  static withdrawal leave(operation& self) noexcept {
    auto& me = static_cast<quiescence_wait&>(self);
    if (me.list != nullptr) me.list->remove(me);
    me.cancelled();
    return withdrawal::withdrawn;
  }
  static constexpr operation::type kind{"quiescence", never_completed, leave, destroy_operation<quiescence_wait>,
                                        drop_policy::withdraw};
  std::uint64_t call;     ///< which of this rank's calls
  const task_root* task;  ///< the task that made it, if it is one of those that must end
};

using shutdown_wait = queued_operation<void>;
constexpr operation::type shutdown_kind = shutdown_wait::kind("shutdown");

}  // namespace

future<void> message_hub::quiescence(source_location where) {
  on_.note_work();
  if (phase_ != shutdown_phase::open) throw usage_error("quiescence was asked for after the context's shutdown", where);
  const task_root* task = on_.current_root();
  const task_group* group = task != nullptr && task->node != nullptr ? task->node->group : nullptr;
  const bool counts = group == &on_.tasks() || std::any_of(ports_.begin(), ports_.end(), [&](const receiver* r) {
                        return r != nullptr && group == &r->tasks();
                      });
  auto* wait = make_operation<quiescence_wait>(on_, where, ++quiescence_called_, counts ? task : nullptr);
  waiting_for_quiescence_.push(*wait);
  return future<void>(wait);
}

/// No task is left here that must end first.
bool message_hub::is_passive() const noexcept {
  std::size_t active = on_.tasks().size();
  for (const receiver* port : ports_) {
    if (port != nullptr && !WEFT_PLANTED("termination.handlers_that_sleep_do_not_count"))
      active += port->tasks().size();
  }
  if (active == 0) return true;
  std::size_t awaiting = 0;
  for (const queued_wait* w = waiting_for_quiescence_.front(); w != nullptr; w = w->next) {
    const auto* wait = static_cast<const quiescence_wait*>(w);
    if (wait->task == nullptr || wait->current_waiter() == nullptr) continue;
    bool is_first = true;
    for (const queued_wait* e = waiting_for_quiescence_.front(); e != w; e = e->next) {
      is_first &= static_cast<const quiescence_wait*>(e)->task != wait->task;
    }
    awaiting += is_first ? 1 : 0;
  }
  return active == awaiting;
}

/// Everything that this rank has posted has left it, and no large message is on its way to it.
bool message_hub::is_flushed() noexcept {
  bool all = sending_.empty() && outgoing_.empty() && incoming_.empty();
  peers_.for_each([&](const peer& p) { all &= p.first_queued == nullptr && p.open == nullptr; });
  return all;
}

// Both ends use the four-counter method (F. Mattern, "Algorithms for distributed termination detection", Distributed
// Computing 2, 1987): a rank adds what it has sent and received to a wave when it is passive; when two waves in a row
// give the same sums, and as much was received as sent, nothing can have moved between them and nothing is under way.
bool message_hub::advance() {
  if (wave_ != nullptr || !is_connected()) return false;
  if (quiescence_called_ > quiescence_done_) {
    if (!is_passive()) return false;
    start_wave(static_cast<std::int64_t>(metrics_.posted), static_cast<std::int64_t>(metrics_.handled));
    return true;
  }
  switch (phase_) {
    case shutdown_phase::connecting:
      phase_ = shutdown_phase::flushing;
      return true;
    case shutdown_phase::flushing:
      if (!is_flushed()) return false;
      phase_ = shutdown_phase::draining;
      return true;
    case shutdown_phase::draining:
      if (!is_flushed()) return false;
      start_wave(static_cast<std::int64_t>(metrics_.frames_sent), static_cast<std::int64_t>(metrics_.frames_received));
      return true;
    case shutdown_phase::closing:
      if (!sending_.empty()) return false;
      close();
      return true;
    default:
      return false;
  }
}

void message_hub::start_wave(std::int64_t out, std::int64_t in) {
  wave_ = make_operation<wave>(*this, on_);
  wave_->in = {out, in};
  completion now;
  wave& mine = *wave_;
  mine.number = transport_.iallreduce(comm_, mine.in.data(), mine.out.data(), mine.in.size(), datatype_of<std::int64_t>,
                                      op{}, &mine, now);
  if (mine.number == op_number::completed) wave::complete(mine, now);
}

void message_hub::wave_done(const std::array<std::int64_t, 2>& sums) {
  std::exchange(wave_, nullptr)->drop();
  const bool is_over = sums[0] == sums[1] && (sums == last_wave_ || WEFT_PLANTED("termination.one_count_is_enough"));
  if (sums[0] == sums[1] && !is_over) WEFT_REACHED("termination.counts_agree_for_the_first_time");
  last_wave_ = sums;
  if (!is_over) return;
  last_wave_ = {-1, -1};
  if (quiescence_called_ > quiescence_done_) {
    finish_quiescence();
  } else {
    phase_ = shutdown_phase::closing;
  }
}

void message_hub::finish_quiescence() noexcept {
  ++quiescence_done_;
  auto* wait = static_cast<quiescence_wait*>(waiting_for_quiescence_.front());
  if (wait == nullptr || wait->call != quiescence_done_) return;  // its future was dropped
  waiting_for_quiescence_.remove(*wait);
  wait->succeed();
}

future<void> message_hub::shut_down(source_location where) {
  on_.note_work();
  if (phase_ == shutdown_phase::open) phase_ = shutdown_phase::connecting;
  auto* wait = make_operation<shutdown_wait>(on_, shutdown_kind, where);
  if (phase_ == shutdown_phase::closed) {
    wait->succeed();
  } else {
    waiting_for_shutdown_.push(*wait);
  }
  return future<void>(wait);
}

void message_hub::close() {
  cancel_ring();
  transport_.free_comm(comm_);
  phase_ = shutdown_phase::closed;
  while (!waiting_for_shutdown_.empty()) {
    auto& wait = static_cast<shutdown_wait&>(*waiting_for_shutdown_.front());
    waiting_for_shutdown_.remove(wait);
    wait.succeed();
  }
}

void message_hub::abandon_wave() {
  if (wave_ == nullptr) return;
  wave_->hub = nullptr;
  abandon(*wave_);
}

}  // namespace weft::detail
