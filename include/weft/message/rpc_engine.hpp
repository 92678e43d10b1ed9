// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include <weft/async/loop.hpp>
#include <weft/async/task_group.hpp>
#include <weft/async/timer_queue.hpp>
#include <weft/message/parcel.hpp>
#include <weft/message/remote_error.hpp>
#include <weft/message/remote_function.hpp>
#include <weft/message/tickets.hpp>
#include <weft/port/port.hpp>

namespace weft {

struct rpc_options {
  /// Coroutines that this rank runs for others at a time; a call beyond them is answered by `rpc_overloaded`.
  std::size_t most_running = 1024;
};

/// The rank that was called runs as much as it may; nothing of the call was run.
class rpc_overloaded : public error {
 public:
  using error::error;
};

namespace detail {

rpc_overloaded overload(int rank, source_location caller);

class rpc_engine;

enum class answer_kind : std::uint32_t {
  value,
  failed,  ///< a `remote_failure`
  overloaded,
  withdrawn,  ///< from the caller: nobody waits for the answer any more
};

/// A call that waits for its answer; part of the operation of its future.
struct pending_call : timer_node {
  rpc_engine* of = nullptr;
  ticket name;
  int callee = 0;
  void (*arrived)(pending_call& self, answer_kind kind, std::span<const std::byte> content) noexcept = nullptr;
};

/// What stands in front of the arguments. It travels short: a cast as four bytes, a call as twelve, one with a deadline
/// as twenty.
struct call_header {
  std::uint32_t function = 0;
  bool takes_state = false;
  bool is_cast = false;
  ticket of;                ///< its sequence grows with every call of a rank
  std::int64_t within = 0;  ///< nanoseconds that the caller waits; 0: for ever

  void append_to(byte_buffer& out) const;
  /// Takes it off the front of `bytes`. Throws `decode_error` if they are too few.
  static call_header take(std::span<const std::byte>& bytes);
};

/// In front of the result.
struct answer_header {
  ticket of;
  answer_kind kind = answer_kind::value;
  std::uint32_t unused = 0;
};

/// What `rpc` is without the types of functions. Two ports: calls run the user's functions and keep their order;
/// answers and withdrawals are the library's own, so that they pass calls that wait for their rank's next turn.
class rpc_engine final : loop_source {
 public:
  rpc_engine(context& ctx, void* state, std::uint64_t state_place, rpc_options options, source_location where);
  ~rpc_engine() override;
  rpc_engine(const rpc_engine&) = delete;
  rpc_engine& operator=(const rpc_engine&) = delete;

  loop& on() const noexcept { return on_; }

  // --- calling -------------------------------------------------------------------------------------------------------
  /// Begins a call that will be answered: the arguments are appended to what it returns.
  byte_buffer& begin_call(call_header header, duration within);
  byte_buffer& begin_cast(call_header header);
  /// Sends what was begun and expects the answer. Throws `usage_error` for a rank that does not exist; then nothing is
  /// expected.
  void call(pending_call& waits, int rank, duration within);
  void cast(int rank);
  /// Nobody waits any more: the callee is told.
  void withdraw(pending_call& waits) noexcept;

  std::size_t waiting() const noexcept { return waiting_.size(); }
  std::size_t running() const noexcept { return tasks_.size(); }

 private:
  class leaving;
  /// The name of no call: ranks are positive.
  static constexpr std::uint64_t none = ~std::uint64_t{0};
  /// What this rank knows of one that calls it.
  struct caller {
    std::uint32_t last = 0;                ///< sequence of its last call that has come
    std::vector<std::uint32_t> withdrawn;  ///< that have not come: withdrawals are faster
  };
  /// A coroutine that runs for another rank, with what its answer will need.
  struct running_call {
    int source = 0;
    call_header header;
    byte_buffer result;
  };

  bool poll() override { return false; }
  bool run() override;

  void on_call(int source, const parcel& what);
  void on_answer(int source, const parcel& what);
  void on_withdrawal(int source, std::uint32_t sequence);
  bool was_withdrawn(caller& from, std::uint32_t sequence);
  caller& caller_at(int rank);
  void serve(int source, const call_header& header, std::span<const std::byte> arguments);
  void run_at_once(int source, const call_header& header, const remote_entry& what,
                   std::span<const std::byte> arguments);
  void start(int source, const call_header& header, const remote_entry& what, std::span<const std::byte> arguments);
  static task<> finish(rpc_engine& self, std::unique_ptr<running_call> call, task<> body);
  void answer(int source, const call_header& header, answer_kind kind, byte_buffer& result);
  void answer_failure(int source, const call_header& header, const remote_failure& what);
  void forget(pending_call& waits) noexcept;
  static std::uint64_t name_of(int source, std::uint32_t sequence) noexcept {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(source)) << 32 | sequence;
  }

  struct handle_call {
    rpc_engine* engine;
    void operator()(int source, const parcel& what) const { engine->on_call(source, what); }
  };
  struct handle_answer {
    rpc_engine* engine;
    void operator()(int source, const parcel& what) const { engine->on_answer(source, what); }
  };
  struct call_tasks : task_group {
    rpc_engine* owner = nullptr;
  };

  loop& on_;
  const remote_table& table_;
  void* state_;
  std::uint64_t state_place_;
  rpc_options options_;
  source_location where_;
  byte_buffer arguments_;
  byte_buffer result_;  ///< of functions that run to their end at once
  ticket_table<pending_call> waiting_;
  std::unordered_map<int, caller> callers_;
  caller* last_caller_ = nullptr;
  int last_caller_rank_ = -1;
  std::unordered_map<std::uint64_t, future<void>> running_;  ///< by caller and sequence
  std::vector<std::uint64_t> to_cancel_;                     ///< in the next run phase
  call_tasks tasks_;
  port<parcel> calls_;
  port<parcel> answers_;
};

}  // namespace detail
}  // namespace weft
