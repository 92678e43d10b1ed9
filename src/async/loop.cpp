// SPDX-License-Identifier: BSL-1.0
#include <weft/async/loop.hpp>

#include <algorithm>
#include <array>
#include <string>

namespace weft {

constinit thread_local loop* loop::current_ = nullptr;

namespace {

// Turns between two looks at the clock, and at the host and the journal syncs, at the most. An empty turn always looks
// at the clock; at the host and the syncs the first one looks, and all that may have slept, because it is a system
// call.
constexpr int clock_every = 16;
constexpr int outside_every = 64;
// Empty turns before a sleep is announced to those that may have to end it. A transport spins and yields first, and
// then sleeps for microseconds; announcing costs two atomic exchanges, which a rank in a fast exchange need not pay.
constexpr std::uint64_t turns_before_sleep = 8;
// A peer that floods us is left after this many batches of completions.
constexpr int reap_rounds = 16;
// Sources run and flush after what concerns them (`note_work`), in the second empty turn, and in every sixteenth turn.
constexpr int sources_every = 16;
// Quick turns in a row: they hand what the transport has finished to its coroutines and look at nothing else.
constexpr int most_quick_turns = 32;
// Looks at the sources in a turn that has nothing else to do, where looking costs little: about a microsecond.
constexpr int most_looks = 20;
constexpr auto warn_held_after = std::chrono::seconds(10);

class poll_guard {
 public:
  explicit poll_guard(bool& flag) noexcept : flag_(flag) { flag_ = true; }
  ~poll_guard() { flag_ = false; }
  poll_guard(const poll_guard&) = delete;
  poll_guard& operator=(const poll_guard&) = delete;

 private:
  bool& flag_;
};

}  // namespace

/// Code of the loop runs: it is the thread's current one.
class loop::running_guard {
 public:
  explicit running_guard(loop& self) noexcept
      : self_(self), outer_(std::exchange(current_, &self)), outer_root_(self.current_root_) {
    ++self.running_;
  }
  ~running_guard() {
    --self_.running_;
    self_.current_root_ = outer_root_;
    current_ = outer_;
  }
  running_guard(const running_guard&) = delete;
  running_guard& operator=(const running_guard&) = delete;

 private:
  loop& self_;
  loop* outer_;
  detail::task_root* outer_root_;
};

loop::loop(world& outside)
    : transport_(*outside.transport),
      host_(*outside.host),
      storage_(outside.storage.get()),
      wakes_exactly_(transport_.limits().wakes_exactly),
      patient_looks_(transport_.limits().may_spin ? most_looks : 1) {
  tasks_.owner = this;
  tasks_.failed = [](detail::task_group& self, std::exception_ptr error, source_location where) noexcept {
    static_cast<root_tasks&>(self).owner->report(std::move(error), "task", where);
  };
}

loop::~loop() {
  tasks_.cancel_all();
  take_posted();
  while (inbox_ != nullptr) delete std::exchange(inbox_, inbox_->next);
  // Parked sends own their buffers and MPI may still read them.
  for (;;) {
    operation* op = first_pending_;
    while (op != nullptr && op->owners_ > 0) op = op->next_;
    if (op == nullptr) break;
    op->add_owner();
    hold_until_done(*op);
    op->release_owner();
  }
}

loop& loop::current_or_throw(const char* call, source_location where) {
  if (current_ == nullptr) {
    throw usage_error(std::string(call) + " outside a task, handler or callback: name the loop (or context) instead",
                      where);
  }
  return *current_;
}

bool loop::cancelling() const noexcept { return current_root_ != nullptr && current_root_->cancel_requested(); }

std::size_t loop::take_finished(std::span<completion> room, bool patient) {
  const std::size_t count = transport_.poll(room, patient);
  for (std::size_t i = 0; i < count; ++i) {
    auto& op = *static_cast<operation*>(room[i].token);
    op.kind_->complete(op, room[i]);
  }
  metrics_.completions += count;
  return count;
}

bool loop::reap(bool patient) {
  if (reaping_) [[unlikely]]
    return reap_nested();
  reaping_ = true;
  const std::size_t first = take_finished(finished_, patient);
  std::size_t count = first;
  for (int round = 1; count == finished_.size() && round < reap_rounds; ++round)
    count = take_finished(finished_, false);
  reaping_ = false;
  return first > 0;
}

/// A completion that is being handled holds for a send: the batch that it stands in stays untouched.
bool loop::reap_nested() {
  std::array<completion, 4> finished;
  return take_finished(finished, false) > 0;
}

bool loop::reap_host() {
  if (!host_.watching()) return false;
  std::array<host_event, 32> events;
  const std::size_t count = host_.poll(events);
  for (std::size_t i = 0; i < count; ++i) static_cast<host_listener*>(events[i].token)->on_event(events[i]);
  return count > 0;
}

bool loop::reap_storage() { return storage_ != nullptr && storage_->busy() && deliver_completions(*storage_); }

bool loop::fire_timers() { return !timers_.empty() && timers_.fire_due(transport_.now()) > 0; }

void loop::resume(std::coroutine_handle<> coroutine, detail::task_root* root) noexcept {
  current_root_ = root;
  if (root != nullptr) {
    root->queued = nullptr;
    root->started = true;
    background_resumptions_ += root->is_background ? 1u : 0u;
  }
  try {
    coroutine.resume();
  } catch (...) {  // no task lets one out, but a coroutine of another library may
    report(std::current_exception(), "coroutine", {});
  }
}

void loop::resume_now(std::coroutine_handle<> coroutine, detail::task_root* root) {
  const running_guard guard(*this);
  resume(coroutine, root);
}

bool loop::run_ready() {
  if (ready_.empty()) return false;
  const running_guard guard(*this);
  // Only what is ready now: what these resumptions make ready waits for the next turn, after a poll.
  std::size_t count = std::min<std::size_t>(ready_.size(), run_budget);
  metrics_.resumptions += count;
  for (; count > 0; --count) {
    const ready_queue::entry next = ready_.pop();
    if (next.coroutine) resume(next.coroutine, next.root);
  }
  return true;
}

/// What is done is handed to its coroutine first: a source's poll costs a test of its own, and so do the others.
bool loop::quick_turn() {
  if (work_noted_ || inbox_ != nullptr || quick_turns_ == most_quick_turns) return false;
  ++quick_turns_;
  empty_turns_ = 0;
  run_ready();
  return true;
}

/// What came has been dealt with: what that has made ready runs, and what it has posted leaves.
bool loop::quick_answer() {
  if (inbox_ != nullptr || quick_turns_ == most_quick_turns) return false;
  ++quick_turns_;
  empty_turns_ = 0;
  run_ready();
  if (ready_.empty()) flush_sources();
  return true;
}

void loop::rethrow_fatal() {
  if (fatal_) [[unlikely]]
    std::rethrow_exception(fatal_);
}

bool loop::turn(time_point deadline) {
  if (running_ > 0) [[unlikely]]
    throw would_deadlock("loop::turn()", {});
  ++metrics_.turns;
  bool any;
  {
    poll_guard guard(polling_);
    any = reap(ready_.empty() && empty_turns_ == 0);
  }
  if (any && posted_.load(std::memory_order_relaxed) == nullptr && quick_turn()) {
    rethrow_fatal();
    return true;
  }
  found come;
  {
    poll_guard guard(polling_);
    come = !any && ready_.empty() ? wait_for_sources() : poll_sources();
  }
  if (come == found::finished && posted_.load(std::memory_order_relaxed) == nullptr && quick_turn()) {
    rethrow_fatal();
    return true;
  }
  if (come == found::answered && posted_.load(std::memory_order_relaxed) == nullptr && quick_answer()) {
    rethrow_fatal();
    return true;
  }
  if (come != found::nothing) any = work_noted_ = true;
  const int turns = 1 + std::exchange(quick_turns_, 0);
  {
    poll_guard guard(polling_);
    const bool look_outside = (outside_countdown_ -= turns) < 0;
    if (look_outside) outside_countdown_ = outside_every;
    const bool may_have_slept = empty_turns_ == 0 || empty_turns_ >= turns_before_sleep;
    if (look_outside || (!any && (may_have_slept || wakes_exactly_))) {
      any |= reap_storage();
      any |= reap_host();
    }
    if ((clock_countdown_ -= turns) < 0 || !any) {
      clock_countdown_ = clock_every;
      any |= fire_timers();
    }
  }
  any |= run_posted();
  if (any ? (sources_countdown_ -= turns) < 0
          : wakes_exactly_ || empty_turns_ == 1 || empty_turns_ % sources_every == 0)
    work_noted_ = true;
  const bool look_at_sources = std::exchange(work_noted_, false);
  if (look_at_sources) {
    sources_countdown_ = sources_every;
    if (run_sources()) any = work_noted_ = true;
  }
  any |= run_ready();
  rethrow_fatal();
  if (ready_.empty() && (look_at_sources || work_noted_) && flush_sources()) any = work_noted_ = true;
  if (any) {
    empty_turns_ = 0;
    return true;
  }
  idle(deadline);
  return false;
}

void loop::idle(time_point deadline) {
  ++metrics_.idle_turns;
  const bool may_sleep = wakes_exactly_ || empty_turns_ >= turns_before_sleep;
  if (wakes_exactly_) describe_wait(deadline);
  const bool woken = may_sleep && !host_.prepare_sleep();
  if (!woken && posted_.load(std::memory_order_acquire) == nullptr && ready_.empty())
    transport_.idle(std::min(deadline, timers_.next()), empty_turns_++, may_sleep ? host_.wait_fd() : -1);
  if (may_sleep) host_.clear_wake();
}

bool loop::poll() {
  if (polling_) return false;
  poll_guard guard(polling_);
  bool any = reap(false);
  any |= poll_sources() != found::nothing;
  if (any) note_work();
  any |= flush_sources();
  return any;
}

void loop::wait(operation& op, const char* call, source_location where) {
  if (running_ > 0) throw would_deadlock(call, where);
  note_call(call, where);
  if (ready_.empty()) wait_briefly(op);
  empty_turns_ = 0;
  while (!op.done()) turn();
  ++waits_;
}

/// The first microsecond: looks for what finishes `op`, and for nothing else that a turn does.
void loop::wait_briefly(operation& op) {
  if (op.number == op_number::completed) {
    // Not in the transport: a receive of unknown size, which a source finds.
    poll_guard guard(polling_);
    int looks = patient_looks_;
    while (poll_sources() == found::nothing) {
      if (--looks == 0) return;
    }
    work_noted_ = true;
    if (op.done() || op.number == op_number::completed) return;
  }
  completion result;
  if (transport_.test_briefly(op.number, result)) op.kind_->complete(op, result);
}

bool loop::wait_until(operation& op, time_point deadline, const char* call, source_location where) {
  if (running_ > 0) throw would_deadlock(call, where);
  note_call(call, where);
  empty_turns_ = 0;
  if (op.done()) return true;
  do turn(deadline);
  while (!op.done() && now() < deadline);
  return op.done();
}

void loop::hold_until_done(operation& op) noexcept {
  time_point warn = transport_.now() + warn_held_after;
  std::uint64_t turns = 0;
  while (!op.done()) {
    const bool nested = std::exchange(polling_, true);
    const bool any = reap(false) || poll_sources() != found::nothing;
    polling_ = nested;
    flush_sources();
    if (any) {
      turns = 0;
      continue;
    }
    transport_.idle(warn, turns++, -1);
    if (transport_.now() < warn) continue;
    warn = never;
    report(nullptr, "still waiting, after 10 s, for a send to let go of a borrowed buffer whose future was destroyed",
           op.where());
  }
}

void loop::report(std::exception_ptr error, const char* what, source_location where) noexcept {
  try {
    std::string text = what;
    if (error) {
      ++metrics_.unseen_errors;
      text = std::string("unhandled error in ") + what + describe(where) + ": " + text_of(error);
    } else {
      text += describe(where);
    }
    if (reporter_ != nullptr) {
      reporter_(reporter_self_, text);
    } else {
      host_.write(output_stream::err, "weft: " + text + "\n");
    }
  } catch (...) {
    host_.write(output_stream::err, "weft: an error could not be reported: out of memory\n");
  }
}

}  // namespace weft
