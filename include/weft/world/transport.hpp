// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <weft/world/datatype.hpp>
#include <weft/world/time.hpp>

namespace weft {

class window;
class launcher;
class liveness;

/// The transport's number of a communicator. `world_comm` is the one the transport was made on.
enum class comm_id : std::uint32_t {};
inline constexpr comm_id world_comm{0};

/// The transport's number of a started operation. `completed` (0) is no operation: it finished within the call that
/// started it. Numbers may be reused after the operation's completion was handed out.
enum class op_number : std::uint32_t { completed = 0 };

/// The transport's number of a persistent operation (made once, started many times).
enum class persistent_id : std::uint32_t {};

inline constexpr int any_source = -1;
inline constexpr int any_tag = -1;

/// Where a message goes to or comes from. For a receive, `peer` and `tag` may be `any_source` and `any_tag`.
struct envelope {
  comm_id comm = world_comm;
  int peer = any_source;
  int tag = any_tag;
};

enum class op_status : std::uint8_t {
  ok,
  truncated,  ///< the message was longer than the buffer; nothing is written past it; `bytes` is the real size if known
  cancelled,
  failed,     ///< `code` is the world's own error number
};

/// What a finished operation hands back.
struct completion {
  void* token = nullptr;    ///< what the caller gave when it started the operation
  std::uint64_t bytes = 0;  ///< receives: payload bytes; split and dup: the new comm_id
  int source = any_source;  ///< receives
  int tag = any_tag;        ///< receives
  int code = 0;
  op_status status = op_status::ok;
};

/// A message that a matched probe took out of the matching queue; only `imrecv` can receive it.
struct matched_message {
  std::uint64_t id = 0;  ///< the transport's; 0 is none
  std::uint64_t bytes = 0;
  int source = any_source;
  int tag = any_tag;
};

enum class send_mode : std::uint8_t { standard, synchronous };

/// Who notices that an operation has finished: `poll`, or only the caller's own `test` and `cancel`.
enum class noticed_by : std::uint8_t { poll, caller };

struct transport_limits {
  std::uint64_t eager_bytes = 4096;  ///< a message shorter than this leaves at once; a longer one costs a handshake
  int max_tag = 32767;
  int threads = 1;                   ///< threads that may call the transport: always one
  bool may_spin = false;             ///< looking again costs tens of ns: the rank has a processor of its own
  bool wakes_exactly = false;        ///< `idle` returns when there is news, and only then: look at everything before
  bool is_hostile = false;           ///< ask `fate` for messages of ports that tolerate loss
};

/// What a rank that is about to wait waits for.
struct wait_facts {
  bool has_foreground_timer = false;  ///< it will go on by itself
  time_point last_timer = never;      ///< when all timers that it has now will have fired
  std::uint64_t progress = 0;         ///< grows whenever something other than background work has gone on
};

/// What a hostile world does to a message.
enum class message_fate : std::uint8_t { deliver, lose, repeat, postpone };

/// Facts about the ranks that share this rank's node, numbered 0..node_size-1 by rank order.
struct node_map {
  int node_rank = 0;
  int node_size = 1;
};

/// How bytes reach another rank, and what time it is: one of the three interfaces through which everything above
/// `world` knows the outside (the others are `storage` and `host`).
///
/// Rules. One thread calls it. Every start function either finishes at once, returns `op_number::completed` and fills
/// `now`, or returns a number whose completion `poll` or `test` hands out exactly once. Buffers stay valid and, for
/// receives, untouched until then. Nothing blocks: `idle` is the only call that may sleep, and collectives that MPI
/// offers only as blocking calls (`split`, `dup`) run one at a time, in the order in which they were started, after a
/// nonblocking barrier of the ranks concerned; every rank must start them in the same order. Arguments are right or the
/// caller's error (`world_error`). Completions carry the caller's `token`.
class transport {
 public:
  virtual ~transport() = default;

  // --- who -------------------------------------------------------------------------------------------------------
  virtual int rank(comm_id comm) const = 0;
  virtual int size(comm_id comm) const = 0;
  virtual node_map node() const = 0;
  virtual bool same_node(int rank) const = 0;     ///< of `world_comm`
  virtual int node_peer(int node_rank) const = 0; ///< the `world_comm` rank of a rank on this node
  virtual const transport_limits& limits() const noexcept = 0;
  virtual std::string describe() const = 0;       ///< one line: library, version, thread level

  // --- point to point --------------------------------------------------------------------------------------------
  virtual op_number isend(const envelope& to, const void* data, std::uint64_t count, const datatype& type, send_mode mode,
                          void* token, completion& now) = 0;
  virtual op_number irecv(const envelope& from, void* data, std::uint64_t count, const datatype& type, void* token,
                          completion& now) = 0;
  /// Takes the first matching message out of the queue without receiving it; false when there is none yet.
  virtual bool improbe(const envelope& from, matched_message& found) = 0;
  virtual bool iprobe(const envelope& from, matched_message& found) = 0;  ///< leaves it there; `id` stays 0
  virtual op_number imrecv(const matched_message& message, void* data, std::uint64_t count, const datatype& type,
                           void* token, completion& now) = 0;
  /// Withdraws a receive. True: it is withdrawn, its buffer is free, and it will not complete. False: it was too late, and
  /// `now` holds its completion. Both ways the number is used up. Local and immediate.
  virtual bool cancel_recv(op_number number, completion& now) = 0;

  // --- persistent ------------------------------------------------------------------------------------------------
  virtual persistent_id send_init(const envelope& to, const void* data, std::uint64_t count, const datatype& type,
                                  send_mode mode) = 0;
  virtual persistent_id recv_init(const envelope& from, void* data, std::uint64_t count, const datatype& type) = 0;
  virtual op_number start(persistent_id id, noticed_by who, void* token, completion& now) = 0;
  virtual void free_persistent(persistent_id id) = 0;  ///< not while it is started

  // --- collectives: every rank of `comm`, in the same order -------------------------------------------------------
  virtual op_number ibarrier(comm_id comm, void* token, completion& now) = 0;
  virtual op_number ibcast(comm_id comm, void* data, std::uint64_t count, const datatype& type, int root, void* token,
                           completion& now) = 0;
  /// `in == nullptr`: in place, `out` holds this rank's contribution (at the root; elsewhere `in` is given).
  virtual op_number ireduce(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                            const op& operation, int root, void* token, completion& now) = 0;
  virtual op_number iallreduce(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                               const op& operation, void* token, completion& now) = 0;
  virtual op_number iscan(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                          const op& operation, bool exclusive, void* token, completion& now) = 0;
  /// Counts and displacements are in items of `type`, one per rank of `comm`, and stay valid until completion. Empty
  /// `counts`: every rank has `count` items, rank order. Only the root reads `out`, `counts` and `displs`.
  virtual op_number igather(comm_id comm, const void* in, std::uint64_t count, void* out, std::span<const int> counts,
                            std::span<const int> displs, const datatype& type, int root, void* token,
                            completion& now) = 0;
  virtual op_number iallgather(comm_id comm, const void* in, std::uint64_t count, void* out,
                               std::span<const int> counts, std::span<const int> displs, const datatype& type,
                               void* token, completion& now) = 0;
  /// Only the root reads `in`, `counts` and `displs`; `count` is what this rank receives.
  virtual op_number iscatter(comm_id comm, const void* in, std::span<const int> counts, std::span<const int> displs,
                             void* out, std::uint64_t count, const datatype& type, int root, void* token,
                             completion& now) = 0;
  /// Empty counts: `count` items to and from every rank.
  virtual op_number ialltoall(comm_id comm, const void* in, std::uint64_t count, std::span<const int> in_counts,
                              std::span<const int> in_displs, void* out, std::span<const int> out_counts,
                              std::span<const int> out_displs, const datatype& type, void* token,
                              completion& now) = 0;
  /// The completion's `bytes` is the new comm_id, or `no_comm` for `color < 0`.
  virtual op_number split(comm_id comm, int color, int key, void* token, completion& now) = 0;
  virtual op_number dup(comm_id comm, void* token, completion& now) = 0;
  virtual void free_comm(comm_id comm) = 0;  ///< local; nothing may be pending on it
  static constexpr std::uint64_t no_comm = ~std::uint64_t{0};

  // --- progress --------------------------------------------------------------------------------------------------
  /// Makes progress and hands out up to `out.size()` finished operations; returns how many. `patient`: the caller has
  /// nothing else to do, so that looking longer, for about a microsecond, delays nobody.
  virtual std::size_t poll(std::span<completion> out, bool patient) = 0;
  /// Makes progress and tests one operation.
  virtual bool test(op_number number, completion& now) = 0;
  /// As `test`, spinning on this operation alone for about a microsecond (a rank that blocks for a short message).
  /// Must not be used by a world whose ranks share a thread: there it is `test`.
  virtual bool test_briefly(op_number number, completion& now) = 0;

  // --- time, waiting, the end ------------------------------------------------------------------------------------
  virtual time_point now() = 0;
  /// Nothing to do until `deadline` or until something arrives. `empty_turns` counts the calls since something last
  /// happened: the ladder (spin, yield, sleep) climbs with it. `wake_fd`, if not negative, is readable when the host
  /// has news (`host::wait_fd`); it ends a sleep. May return early, always.
  virtual void idle(time_point deadline, std::uint64_t empty_turns, int wake_fd) = 0;
  /// Before `idle`, where the limits say `wakes_exactly`.
  virtual void describe_wait(const wait_facts&) {}
  /// Where the limits say `is_hostile`: what becomes of the next message of a port that tolerates loss.
  virtual message_fate fate() { return message_fate::deliver; }
  /// The caller has computed for so long. In the real world that time has passed already; a simulator lets it pass.
  virtual void compute(duration) {}
  [[noreturn]] virtual void abort(int code) = 0;

  // --- optional parts: throw `not_supported` with the part's name where a world has none ---------------------------
  virtual window& windows() = 0;
  virtual launcher& launch() = 0;
  virtual liveness& peers() = 0;
};

}  // namespace weft
