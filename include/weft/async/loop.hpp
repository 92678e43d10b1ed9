// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/async/operation.hpp>
#include <weft/async/ready_queue.hpp>
#include <weft/async/task_group.hpp>
#include <weft/async/task_root.hpp>
#include <weft/async/timer_queue.hpp>
#include <weft/core/error.hpp>
#include <weft/world/host.hpp>
#include <weft/world/storage.hpp>
#include <weft/world/transport.hpp>
#include <weft/world/world.hpp>

namespace weft {

/// What a look at a source has found. `answered`: something, and all that it asks for has been run.
/// `finished`: nothing, but an operation of the transport has finished meanwhile.
enum class found : std::uint8_t { nothing, something, answered, finished };

/// Something that the loop polls besides the transport's operations: the context's message ring. `poll` runs in the
/// poll phase and may run protocol handlers only; user code goes through `run` in the run phase. Each returns whether
/// anything happened.
class loop_source {
 public:
  virtual ~loop_source() = default;
  virtual bool poll() = 0;
  /// As `poll`, in a turn that has nothing else to do: what comes alone may run its user code at once (`run_user`), and
  /// is spared the rest of the turn if it is `answered`.
  virtual found poll_and_run() { return poll() ? found::something : found::nothing; }
  virtual bool run() { return false; }
  /// Send what was held back. Called in turns that leave nothing ready to run, and in `loop::poll`; a source whose data
  /// must not wait for long looks at the clock in `poll`. The source that was added first comes last, so that it sends
  /// what the others hand to it.
  virtual bool flush() { return false; }
};

/// Receives the host's events for one child, signal or descriptor.
class host_listener {
 public:
  virtual ~host_listener() = default;
  virtual void on_event(const host_event& event) noexcept = 0;
};

/// What callables a public function takes: a named object, or a temporary that is trivially destructible. g++ 12
/// destroys a temporary with captures twice when it stands inside a `co_await` expression.
template <class F>
concept safe_callable = std::is_lvalue_reference_v<F> || std::is_trivially_destructible_v<F>;

/// A call of weft and where it stands.
struct call_place {
  const char* what = "";
  source_location where;
};

struct loop_metrics {
  std::uint64_t turns = 0;
  std::uint64_t idle_turns = 0;
  std::uint64_t completions = 0;
  std::uint64_t resumptions = 0;
  std::uint64_t unseen_errors = 0;
};

/// The event loop of a rank: drives the transport's operations, timers, child processes, signals, descriptors, journal
/// syncs and functions posted by other threads, and resumes the coroutines that wait for them.
///
/// A turn has fixed phases: poll (collects what finished; runs no user code), timers, inbox, run (resumes what is
/// ready), flush, and idle if nothing happened. Each phase is bounded (inbox and run by `run_budget`), so that no
/// source starves another. One thread uses a loop; only `post` and `wake` may be called from others.
class loop {
 public:
  explicit loop(world& outside);
  ~loop();
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  /// The loop whose code runs on this thread now, or nullptr. Set around each resumption and callback.
  static loop* current() noexcept { return current_; }
  /// For whoever runs several loops on one thread, each on a stack of its own: makes `next` the thread's current loop
  /// and returns the one that was.
  static loop* exchange_current(loop* next) noexcept { return std::exchange(current_, next); }
  /// As `current`, or throws `usage_error` naming the call.
  static loop& current_or_throw(const char* call, source_location where);

  weft::transport& transport() const noexcept { return transport_; }
  weft::host& host() const noexcept { return host_; }
  weft::storage* storage() const noexcept { return storage_; }
  time_point now() { return transport_.now(); }

  /// One turn. Plain code only (elsewhere it throws `would_deadlock`). Returns whether anything happened (if not, the
  /// idle wait was taken, until `deadline` at the latest).
  bool turn(time_point deadline = never);
  /// Blocks plain code until `op` is done, turning the loop. Throws `would_deadlock` from code that the loop runs.
  void wait(operation& op, const char* call, source_location where);
  /// As `wait`, but not beyond `deadline`. Returns whether `op` is done.
  bool wait_until(operation& op, time_point deadline, const char* call, source_location where);
  /// Makes progress from anywhere: reaps completions and runs the library's protocol handlers, never a user's coroutine
  /// or callback, and never sleeps. Returns whether anything happened.
  bool poll();
  /// True while code that the loop runs (task, handler, callback) is on the stack.
  bool running() const noexcept { return running_ > 0; }

  /// Puts a coroutine into the run phase. `root` is its cancellation root, or nullptr.
  void schedule(std::coroutine_handle<> coroutine, detail::task_root* root) {
    const std::size_t place = ready_.push(coroutine, root);
    if (root == nullptr) return;
    root->queued = coroutine;
    root->queued_at = place;
    if (in_background_) [[unlikely]]
      root->is_background = true;
  }
  /// Whatever `wake` schedules belongs to the background from now on (see `timer_role`).
  template <class Wake>
  void run_in_background(Wake&& wake) noexcept {
    in_background_ = true;
    wake();
    in_background_ = false;
  }
  /// Takes a tree's scheduled coroutine out again and returns it.
  std::coroutine_handle<> unschedule(detail::task_root& root) noexcept {
    ready_.remove_at(root.queued_at, root.queued);
    return std::exchange(root.queued, nullptr);
  }
  /// Takes a coroutine without a root out again, O(n); false if it was not there.
  bool unschedule(std::coroutine_handle<> coroutine) noexcept { return ready_.remove(coroutine); }
  /// Resumes at once, inside the current call (cancellation only).
  void resume_now(std::coroutine_handle<> coroutine, detail::task_root* root);
  detail::task_root* current_root() const noexcept { return current_root_; }
  /// The lineage of a task that the code that runs now starts.
  detail::task_lineage next_lineage() noexcept {
    detail::task_lineage made;
    if (++last_task_ == 0) ++last_task_;
    made.numbers[0] = last_task_;
    if (current_root_ != nullptr) {
      const auto& starter = current_root_->lineage.numbers;
      for (std::size_t i = 1; i < made.numbers.size(); ++i) made.numbers[i] = starter[i - 1];
    }
    return made;
  }
  /// True when the code that runs now belongs to a task whose cancellation was requested.
  bool cancelling() const noexcept;

  /// Runs `call()` in the run phase, soon, on the loop's thread. From any thread; the only thing that other threads may
  /// do. An exception that leaves it is reported. Costs one allocation.
  template <class F>
  requires std::is_invocable_v < std::decay_t<F>
  & > void post(F&& call, source_location where = source_location::current()) {
    posted_base* made = new posted_call<std::decay_t<F>>(std::forward<F>(call));
    made->where = where;
    push_posted(made);
  }
  /// Ends the current or next idle sleep; from any thread.
  void wake() noexcept { host_.wake(); }

  /// What futures hold whose operation was done when it was started: one operation, without value or facts, for all.
  value_operation<void>& done_at_once() noexcept {
    done_at_once_.add_owner();
    return done_at_once_;
  }

  timer_queue& timers() noexcept { return timers_; }
  /// The tasks that the loop itself owns (`spawn` without a scope, `then`): cancelled when the loop is destroyed.
  detail::task_group& tasks() noexcept { return tasks_; }
  /// Tells the loop that sources have something to run or to flush.
  void note_work() noexcept { work_noted_ = true; }
  /// How often a call that is about to block may look for what it waits for before the loop turns: about a microsecond.
  int looks_before_turning() const noexcept { return running_ == 0 && ready_.empty() ? patient_looks_ : 1; }
  void add_source(loop_source& source);
  void remove_source(loop_source& source) noexcept;
  /// Tells the loop that the host or the storage may have news from now on (a child was started, a sync began).
  void note_outside_work() noexcept { outside_countdown_ = 0; }

  /// Calls `visit(wait_record)` for every pending operation, oldest first.
  template <class Visit>
  void for_each_pending(Visit&& visit) const {
    for (operation* op = first_pending_; op != nullptr; op = op->next_pending()) visit(op->record());
  }
  std::size_t pending() const noexcept { return pending_count_; }
  /// Text about what is pending, one line for each kind and place, the oldest first and at most `most` lines:
  ///     3 operations are pending:
  ///       2 irecv, rank 1, tag 7 (ring.cpp:12 in ring), awaited
  ///       1 sleep (ring.cpp:20 in ring)
  /// Empty if nothing is.
  std::string pending_report(std::size_t most = 20) const;

  /// An error that nobody awaits: written to the host's standard error with `what` and the place, and counted.
  void report(std::exception_ptr error, const char* what, source_location where) noexcept;
  /// Replaces how `report` tells it (the context adds the rank and the log). The pointer must outlive the loop.
  using reporter = void (*)(void* self, std::string_view text);
  void set_reporter(reporter tell, void* self) noexcept {
    reporter_ = tell;
    reporter_self_ = self;
  }

  /// The rank cannot go on (a broken protocol): the error is thrown out of the plain code that turns the loop. The
  /// first one counts.
  void fail(std::exception_ptr error) noexcept {
    if (!fatal_) fatal_ = std::move(error);
  }
  bool has_failed() const noexcept { return fatal_ != nullptr; }

  /// Calls user code that is no coroutine, with the loop as the current one; an exception that leaves it is reported.
  template <class Call>
  void run_user(Call&& call, const char* what, source_location where = {}) noexcept {
    loop* outer_loop = std::exchange(current_, this);
    detail::task_root* outer_root = std::exchange(current_root_, nullptr);
    const bool was_polling = std::exchange(polling_, false);  // user code may poll
    ++running_;
    try {
      call();
    } catch (...) {
      report(std::current_exception(), what, where);
    }
    --running_;
    polling_ = was_polling;
    current_root_ = outer_root;
    current_ = outer_loop;
  }

  /// The last call that names its place; kept where `idle` wakes exactly, and only there.
  const call_place& last_call() const noexcept { return last_call_; }
  /// For calls that may leave no operation behind.
  void note_call(const char* what, const source_location& where) noexcept {
    if (wakes_exactly_) [[unlikely]]
      last_call_ = {what, where};
  }

  const loop_metrics& metrics() const noexcept { return metrics_; }
  static constexpr int run_budget = 256;

 private:
  friend class operation;
  class running_guard;
  struct posted_base {
    posted_base* next = nullptr;
    source_location where;
    virtual ~posted_base() = default;
    virtual void run() = 0;
  };
  template <class F>
  struct posted_call final : posted_base {
    template <class G>
    explicit posted_call(G&& g) : call(std::forward<G>(g)) {}
    void run() override { call(); }
    F call;
  };

  void push_posted(posted_base* call) noexcept;
  struct polled_source {
    loop_source* source;
    std::uint32_t misses;  ///< polls in a row that found nothing
  };
  void wait_briefly(operation& op);
  template <class Look>
  void look_at_sources(Look&& look);
  found poll_sources();
  found poll_and_run_sources();
  found wait_for_sources();
  bool run_sources();
  bool reap(bool patient);
  bool reap_nested();
  std::size_t take_finished(std::span<completion> room, bool patient);
  bool flush_sources();
  bool reap_host();
  bool reap_storage();
  bool fire_timers();
  void take_posted() noexcept;
  bool run_posted();
  bool run_ready();
  void resume(std::coroutine_handle<> coroutine, detail::task_root* root) noexcept;
  bool quick_turn();
  bool quick_answer();
  void rethrow_fatal();
  void idle(time_point deadline);
  void describe_wait(time_point deadline);
  void hold_until_done(operation& op) noexcept;

  struct root_tasks : detail::task_group {
    loop* owner = nullptr;
  };
  /// Stays where it is, whoever drops it.
  struct shared_operation final : value_operation<void> {
    explicit shared_operation(loop& on) noexcept : value_operation<void>(on, kind, {}, unlisted) { succeed_unlisted(); }
    static withdrawal refuse(operation&) noexcept { return withdrawal::impossible; }
    static void keep(operation&) noexcept {}
    static constexpr operation::type kind{"done", detail::never_completed, refuse, keep, drop_policy::detach};
  };
  static constinit thread_local loop* current_;  // constinit: reading it needs no check whether it was initialised

  weft::transport& transport_;
  weft::host& host_;
  weft::storage* storage_;
  bool wakes_exactly_;  ///< a turn that finds nothing has looked at everything
  bool in_background_ = false;
  call_place last_call_;
  std::uint64_t background_resumptions_ = 0;
  std::uint64_t waits_ = 0;  ///< of plain code, that are over
  int patient_looks_;        ///< at the sources, in a turn that has nothing else to do
  ready_queue ready_;
  timer_queue timers_;
  root_tasks tasks_;
  std::vector<polled_source> sources_;
  std::array<completion, 64> finished_;
  shared_operation done_at_once_{*this};
  detail::task_root* current_root_ = nullptr;
  std::uint32_t last_task_ = 0;
  operation* first_pending_ = nullptr;
  operation* last_pending_ = nullptr;
  std::size_t pending_count_ = 0;
  std::atomic<posted_base*> posted_{nullptr};  ///< newest first, pushed by any thread
  posted_base* inbox_ = nullptr;               ///< oldest first, taken over by the loop
  posted_base* inbox_end_ = nullptr;
  std::exception_ptr fatal_;
  std::uint64_t empty_turns_ = 0;
  int outside_countdown_ = 0;
  int clock_countdown_ = 0;
  int running_ = 0;
  bool polling_ = false;
  bool reaping_ = false;
  bool work_noted_ = true;  ///< the sources' next run and flush are due
  int sources_countdown_ = 0;
  int quick_turns_ = 0;  ///< since the last whole turn
  reporter reporter_ = nullptr;
  void* reporter_self_ = nullptr;
  loop_metrics metrics_;
};

}  // namespace weft
