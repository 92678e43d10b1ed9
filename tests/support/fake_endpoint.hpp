// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <memory_resource>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <weft/world/transport.hpp>

namespace weft::testing {

/// How a `fake_cluster` behaves.
struct fake_options {
  std::uint64_t eager_bytes = 4096;  ///< standard sends shorter than this are copied and complete at once
  int max_tag = 32767;
  int ranks_per_node = 0;  ///< 0: all ranks on one node
  /// False: every operation is completed by `poll` or `test`, none within the call that starts it.
  bool complete_at_once = true;
  /// True: `idle` jumps the clock to the next deadline when every rank is idle (for one rank that blocks).
  bool idle_jumps = false;
  /// How many progress calls of the receiver pass before a message is visible there (the order of each pair of ranks is
  /// kept all the same). Empty: none. See `random_delay`.
  std::function<unsigned(int from, int to)> delay;
  /// Called by `idle` of `rank`: lets a test turn the other ranks' loops while one blocks.
  std::function<void(int rank)> on_idle;
};

namespace detail {

struct endpoint;
struct cluster_state;
enum class collective_kind : std::uint8_t {
  barrier,
  bcast,
  reduce,
  allreduce,
  scan,
  exclusive_scan,
  gather,
  allgather,
  scatter,
  alltoall,
  split,
  dup,
};

/// What one rank brought to a collective.
struct contribution {
  endpoint* who = nullptr;  ///< null until the rank has entered
  std::uint32_t operation = 0;
  const void* in = nullptr;
  void* out = nullptr;
  std::uint64_t count = 0;
  datatype type;
  std::span<const int> in_counts, in_displs, out_counts, out_displs;
  int color = 0;
  int key = 0;
};

struct collective {
  collective_kind kind = collective_kind::barrier;
  int root = 0;
  op reducer;
  int entered = 0;
  std::pmr::vector<contribution> ranks;
};

/// A communicator as all its members see it.
struct group {
  int size = 0;
  std::vector<int> members;                     ///< world ranks; empty: all ranks of the cluster
  std::map<std::uint64_t, collective> pending;  ///< by the number of the call on this communicator
  int world_rank(int r) const { return members.empty() ? r : members[static_cast<std::size_t>(r)]; }
};

/// Bytes that are not initialised: a vector constructs them one by one, which takes most of a test's time in a build
/// without optimisation.
class payload_bytes {
 public:
  explicit payload_bytes(std::pmr::memory_resource* memory) : memory_(memory) {}
  payload_bytes(payload_bytes&& other) noexcept : payload_bytes(other.memory_) { swap(other); }
  payload_bytes& operator=(payload_bytes&& other) noexcept {
    swap(other);
    return *this;
  }
  ~payload_bytes() {
    if (data_ != nullptr) memory_->deallocate(data_, size_, 1);
  }

  /// Makes room for that many bytes; once.
  std::byte* allocate(std::size_t bytes) {
    data_ = static_cast<std::byte*>(memory_->allocate(bytes, 1));
    size_ = bytes;
    return data_;
  }
  std::span<const std::byte> view() const { return {data_, size_}; }

 private:
  void swap(payload_bytes& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }
  std::pmr::memory_resource* memory_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

struct message {
  explicit message(std::pmr::memory_resource* memory) : payload(memory) {}
  std::shared_ptr<group> on;
  int source = 0;  ///< rank in the communicator
  int source_world = 0;
  int tag = 0;
  std::uint64_t bytes = 0;
  std::uint64_t due = 0;               ///< the receiver's progress call at which it becomes visible
  std::uint32_t sender_operation = 0;  ///< not 0: the sender's buffer is read, and the send completed, at the match
  payload_bytes payload;               ///< of an eager message
};

struct operation {
  void* token = nullptr;
  completion result;
  const void* source = nullptr;  ///< sends
  void* target = nullptr;        ///< receives
  std::uint64_t count = 0;
  datatype type;
  envelope match;
  std::uint32_t persistent = 0;
  noticed_by who = noticed_by::poll;
  bool is_receive = false;
  bool is_done = false;
};

struct persistent_operation {
  bool is_receive = false;
  envelope where;
  const void* source = nullptr;
  void* target = nullptr;
  std::uint64_t count = 0;
  datatype type;
  send_mode mode = send_mode::standard;
  bool is_active = false;
};

/// One rank's view of a communicator: MPI's two matching queues.
struct comm_state {
  std::shared_ptr<group> members;
  int rank = 0;
  std::uint64_t calls = 0;  ///< collectives started so far
  std::pmr::list<std::uint32_t> posted;
  std::pmr::list<message> unexpected;
};

/// Everything the fake network knows of one rank; made at first contact.
struct endpoint {
  endpoint(cluster_state& cluster, int world_rank);
  cluster_state& cluster;
  int rank;
  bool is_live = false;  ///< has a transport
  bool is_stopped = false;
  std::uint64_t turns = 0;  ///< progress calls
  std::uint64_t idle_calls = 0;
  std::uint64_t idle_at = ~std::uint64_t{0};  ///< the cluster's activity count at the last idle call
  time_point idle_deadline = never;
  std::uint32_t next_operation = 0, next_comm = 0, next_persistent = 0;
  std::uint64_t next_matched = 0;
  std::pmr::map<std::uint32_t, comm_state> comms;
  std::pmr::unordered_map<std::uint32_t, operation> operations;
  std::pmr::unordered_map<std::uint32_t, persistent_operation> persistents;
  std::pmr::unordered_map<std::uint64_t, message> matched;
  std::pmr::list<std::uint32_t> done;  ///< finished and not handed out, in order
  std::pmr::list<message> in_flight;   ///< sent to this rank, not yet visible

  comm_state& comm(comm_id id);  ///< throws `world_error` for an unknown one
  comm_state* find(const group* members);
  std::uint32_t add_comm(std::shared_ptr<group> members, int rank_in_it);
  operation& started(op_number number);  ///< throws `world_error` for one that is not started
  std::uint32_t add_operation(void* token, noticed_by who, std::uint32_t persistent = 0);
  void complete(std::uint32_t number);
  bool take(std::uint32_t number, completion& now);  ///< hands out a finished operation
  void forget(std::uint32_t number);
  bool is_idle() const;
};

/// Counts what the fake itself holds, outside `operator new`, so that a test can measure the library alone.
class counting_resource final : public std::pmr::memory_resource {
 public:
  std::size_t held() const noexcept { return held_; }

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* p, std::size_t bytes, std::size_t alignment) override;
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
  std::size_t held_ = 0;
};

struct cluster_state {
  cluster_state(int ranks, fake_options settings);
  fake_options options;
  transport_limits limits;
  counting_resource memory;
  std::shared_ptr<group> world;
  std::vector<std::unique_ptr<endpoint>> endpoints;
  time_point now{std::chrono::seconds(1000)};
  std::uint64_t activity = 0;  ///< grows with everything that may give a rank something to do
  std::uint64_t messages = 0, bytes = 0, lost = 0;
  int aborted = -1;  ///< exit code of the first `abort`

  endpoint& at(int rank);
  bool all_idle() const;
  time_point next_deadline() const;
};

// Matching (fake_matching.cpp).
bool matches(const envelope& wanted, const message& found);
void send(endpoint& from, comm_state& comm, message&& what, int to);
void receive(endpoint& to, std::uint32_t receive_operation, message& what);
void progress(endpoint& rank);

// Collectives (fake_collectives.cpp).
std::uint32_t enter(endpoint& who, comm_id comm, collective_kind kind, int root, const op& reducer, contribution what,
                    void* token);

}  // namespace detail
}  // namespace weft::testing
