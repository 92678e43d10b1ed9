// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <weft/core/random.hpp>
#include <weft/sim/choice.hpp>
#include <weft/sim/endpoint.hpp>
#include <weft/sim/event_queue.hpp>
#include <weft/sim/options.hpp>
#include <weft/sim/rank_queue.hpp>
#include <weft/sim/topology.hpp>
#include <weft/sim/trace_hash.hpp>

namespace weft::sim {

/// What a rank did at an interface, for the hash and the event table.
enum class traced : std::uint8_t {
  send,
  receive,
  cancel,
  collective,
  disk_write,
  disk_read,
  disk_sync,
  disk_name,
  output,
  child,
  fault,
  end,
};

struct trace_entry {
  std::int64_t time = 0;
  int rank = 0;
  traced what = traced::send;
  int peer = -1;
  int tag = -1;
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;
};

/// Sees interface events as they happen, while the rank that caused one still stands in it.
class event_watcher {
 public:
  /// `number` counts from 1 over all lives.
  virtual void on_event(std::uint64_t number, const trace_entry& event) = 0;

 protected:
  ~event_watcher() = default;
};

struct counts {
  std::uint64_t events = 0;  ///< of the engine
  std::uint64_t interface_events = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t switches = 0;  ///< between ranks
  std::uint64_t lost = 0;      ///< messages to ranks that are gone
};

/// Ends what is left of a life.
struct undertaker final : event_target {
  life* of = nullptr;
  void on_time(std::uint64_t) override;
};

/// A program's ranks from their start to their end or crash.
struct life {
  int number = 0;
  std::int64_t started_at = 0;
  std::vector<std::unique_ptr<endpoint>> ranks;
  std::shared_ptr<group> everyone;
  int running = 0;          ///< ranks that have not ended
  bool is_crashed = false;  ///< it lost a rank, or was aborted
  int abort_code = -1;      ///< of the first `abort`
  int crashed_rank = -1;
  std::uint64_t kill_at_event = 0;  ///< 0: never
  std::uint64_t events = 0;         ///< interface events so far
  sim::undertaker undertaker;
};

enum class stop_reason : std::uint8_t {
  none,
  life_over,
  standstill,
  time_limit,
  event_limit,
  memory_limit,
  asked,  ///< at an event, by the user
};

/// Runs ranks one at a time on one thread, in the order of a virtual clock.
///
/// What the network brings waits in the inbox of its rank until the clock has come to it. A rank runs ahead of the
/// others by at most the network's shortest latency: nothing that they have yet to do can reach it before (conservative
/// simulation: Chandy and Misra, "Distributed simulation", IEEE TSE 1979). All times are ns since the engine's
/// beginning.
class engine {
 public:
  explicit engine(const world_options& options);
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  const world_options& options() const noexcept { return options_; }
  /// The time of what happens now.
  std::int64_t now() const noexcept { return now_; }
  /// The same, or the clock of the rank that runs.
  std::int64_t present() const noexcept { return is_outside_ ? now_ : std::max(now_, current_->clock); }
  const sim::counts& counts() const noexcept { return counts_; }
  sim::counts& counts() noexcept { return counts_; }
  random_source& random() noexcept { return random_; }
  /// Which node a rank is on.
  int node_of(int rank) const noexcept { return topology_.node_of(rank); }

  // --- lives, called by the thread's own stack
  // --------------------------------------------------------------------------
  life& add_life(int ranks);
  /// Gives the rank its thread: `body` runs from the engine's present moment on.
  void start(endpoint& rank, std::function<void()> body);
  /// Lets ranks run until the life is over, or nothing can happen any more.
  stop_reason run(life& until);
  /// Ends every rank of the life where it stands; nothing of it runs again, no destructor either.
  void end(life& over);
  /// The machines stop: what ranks of any life have left running there ends. Call when no life runs on.
  void lose_power();
  /// Swaps what a thread keeps beside the C++ runtime's state: gets the next rank's value, returns the present one.
  void set_thread_state(void* (*swap)(void* next)) noexcept { swap_thread_state_ = swap; }
  /// From now on `by` says what happens next, instead of the clock (choices.cpp). Call before any life.
  void set_chooser(chooser& by);

  // --- called by the rank that runs
  // -------------------------------------------------------------------------------------
  /// The rank has called `what`, which looks at the outside as it is now, and then costs so much: everything that
  /// concerns it and is earlier than its clock happens first.
  void look(endpoint& self, duration cost, const char* what) {
    ++self.calls;
    self.last_call = what;
    catch_up(self);
    pass(self, cost);
  }
  /// As `look`, for a call that looks at nothing: a rank that does nothing else must not run on for ever.
  void pace(endpoint& self) {
    if (stop_ != stop_reason::none || self.clock - now_ > most_ahead) [[unlikely]]
      catch_up_now(self);
  }
  /// While computation is measured: what the rank has computed since its last call passes now.
  void charge_computation(endpoint& self) noexcept {
    if (options_.measures_computation) [[unlikely]]
      pass(self, duration(processor_time() - self.computes_since));
  }
  /// From now on it computes.
  void restart_computation(endpoint& self) const noexcept {
    if (options_.measures_computation) [[unlikely]]
      self.computes_since = processor_time();
  }
  /// Passes time without a look at anything.
  void pass(endpoint& self, duration length) noexcept;
  /// Waits for news or for `deadline`.
  void park(endpoint& self, std::int64_t deadline);
  /// The job is over with this code: every rank of it ends.
  [[noreturn]] void abort(endpoint& self, int code);
  /// The rank stops here and is never resumed.
  [[noreturn]] void leave(endpoint& self);
  void trace(endpoint& self, traced what, int peer, int tag, std::uint64_t bytes, std::uint32_t crc);

  // --- called by whatever happens
  // ---------------------------------------------------------------------------------------
  /// There is something for the rank to look at.
  void wake(endpoint& rank);
  void kill(endpoint& rank);
  /// The rank dies, and its job with it, at once or (zombies) a while later.
  void lose(endpoint& rank);
  void pause(endpoint& rank, duration length);
  /// `is_idle`: somebody looks again whether he may go on, and would for ever.
  void call_at(std::int64_t time, event_target& target, std::uint64_t argument = 0, bool is_idle = false) {
    outside_events_.push({time, ++made_, &target, argument, is_idle});
    if (!is_idle) ++outside_news_;
  }

  // --- the network (network.cpp)
  // ----------------------------------------------------------------------------------------
  message* make_message();
  void free_message(message* m) noexcept;
  /// Sends it off at the sender's time `at`, with so much payload.
  void dispatch(message* m, std::int64_t at, std::uint64_t payload_bytes);
  /// The receive and the message, which stands in no queue any more, have found each other at `at`.
  void deliver(message* m, std::uint32_t receive, std::int64_t at);
  /// The data of a long message that a receive has matched arrive at once (the receive is being withdrawn, too late).
  void hurry(message* m);

  // --- the record
  // -------------------------------------------------------------------------------------------------------
  std::uint64_t hash() const noexcept { return hash_.value(); }
  /// The last interface events, oldest first.
  std::vector<trace_entry> last_events() const;
  void stop(stop_reason why) noexcept { stop_ = why; }
  /// From the event with this number on, `by` sees each. It must outlive the last run.
  void watch(event_watcher& by, std::uint64_t from) noexcept {
    watcher_ = &by;
    watched_from_ = from;
  }
  endpoint* current() const noexcept { return current_; }
  /// Names the rank whose stack has overflowed to `address`; null if it is none's.
  endpoint* overflowed(const void* address) const noexcept;

 private:
  static constexpr std::int64_t most_ahead = 100'000;
  static void run_thread(void* self);
  static std::int64_t processor_time() noexcept;
  void take_left_stack();
  void catch_up(endpoint& self) {
    const bool is_ahead = ranks_.top_time() < self.clock - lookahead_ || outside_events_.top_time() < self.clock;
    if (is_ahead || self.clock > give_way_at_ || self.inbox.top_time() < self.clock || self.paused_until > self.clock ||
        stop_ != stop_reason::none) [[unlikely]]
      catch_up_now(self);
  }
  void catch_up_now(endpoint& self);
  endpoint* next();
  endpoint* next_chosen();
  endpoint* choose_rank(const endpoint* last);
  bool choose_event();
  bool may_preempt(endpoint& self);
  void hold(message* m);
  endpoint* turn_of(endpoint& rank);
  void fetch_next() const noexcept;
  /// Sets when the engine looks at a rank that does not run.
  void queue(endpoint& rank);
  void post(endpoint& to, std::int64_t at, delivery::kind is, message* what, std::uint32_t operation = 0);
  void take_in(endpoint& rank, std::int64_t until);
  void count_event();
  bool is_stuck();
  void switch_away(endpoint* from, bool is_last);
  std::int64_t arrival(endpoint& from, endpoint& to, std::int64_t at, std::uint64_t wire_bytes,
                       std::int64_t setup = 0);
  void arrive(message* m);
  void fetch(message* m, std::uint32_t receive, std::int64_t at);
  void transfer(message* m);
  void take_data(message& m);
  void copy_into(operation& into, const std::byte* data, std::uint64_t bytes);

  world_options options_;
  random_source random_;
  random_source network_random_;
  topology topology_;
  stack_pool stacks_;
  fiber outside_;  ///< the thread's own stack
  void* outside_state_ = nullptr;
  void* (*swap_thread_state_)(void*) = nullptr;
  endpoint* current_ = nullptr;
  endpoint* leaving_ = nullptr;  ///< its stack can be used anew
  std::int64_t now_ = 0;
  std::int64_t lookahead_;
  bool is_outside_ = true;  ///< no rank's code runs
  rank_queue ranks_;
  std::vector<endpoint*> by_place_;  ///< of `ranks_`
  event_queue<outside_event> outside_events_;
  std::uint64_t made_ = 0;  ///< events
  std::vector<std::unique_ptr<life>> lives_;
  std::unordered_map<endpoint*, std::function<void()>> bodies_;
  life* until_ = nullptr;
  stop_reason stop_ = stop_reason::none;
  trace_hash hash_;
  sim::counts counts_;
  std::uint64_t outside_news_ = 0;  ///< outside events to come that are not idle
  std::uint64_t held_bytes_ = 0;    ///< of messages
  std::uint64_t last_progress_ = 0;
  int rounds_in_vain_ = 0;  ///< of background events
  std::int64_t round_end_ = 0;
  std::vector<trace_entry> ring_;
  event_watcher* watcher_ = nullptr;
  std::uint64_t watched_from_ = std::numeric_limits<std::uint64_t>::max();
  // Under a chooser.
  chooser* chooser_ = nullptr;
  std::int64_t give_way_at_ = std::numeric_limits<std::int64_t>::max();  ///< a rank that polls so long lets others do
  std::vector<message*> held_;                                           ///< sent; nobody has said yet when they arrive
  std::map<std::pair<int, int>, std::uint64_t> sent_;                    ///< from a rank to a rank
  message* free_messages_ = nullptr;
};

}  // namespace weft::sim
