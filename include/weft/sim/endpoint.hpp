// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weft/core/random.hpp>
#include <weft/sim/event_queue.hpp>
#include <weft/sim/fiber.hpp>
#include <weft/world/transport.hpp>

namespace weft::sim {

class engine;
class collective_run;
class rank_host;
struct endpoint;
struct life;

/// What a rank brought to a `split`.
struct membership {
  int color = 0;
  int key = 0;
  endpoint* who = nullptr;
  std::uint32_t operation = 0;
};

/// A communicator as all its members see it.
struct group {
  life* of = nullptr;
  int size = 0;
  std::shared_ptr<const std::vector<int>> members;          ///< ranks of the life; null: all of them
  std::map<std::uint64_t, std::vector<membership>> splits;  ///< by the number of the call
  std::map<std::uint64_t, int> entered;                     ///< how many have
  int world_rank(int r) const { return members == nullptr ? r : (*members)[static_cast<std::size_t>(r)]; }
};

/// A message on its way or in a queue. A long one has no payload before its receive is known: then the sender's
/// operation holds the data.
struct message {
  message* next = nullptr;
  group* on = nullptr;
  endpoint* from = nullptr;
  endpoint* to = nullptr;
  std::uint64_t bytes = 0;
  std::uint32_t sender_operation = 0;    ///< not 0: long or synchronous
  std::uint32_t receiver_operation = 0;  ///< not 0: matched, its data are on the way
  int source = 0;                        ///< rank in the communicator
  int tag = 0;
  bool is_collective = false;
  std::byte short_payload[39] = {};
  std::vector<std::byte> payload;
  message* previous = nullptr;
  std::uint64_t number = 0;  ///< among those from its sender to its receiver; under a chooser only

  std::byte* data() noexcept { return bytes <= sizeof short_payload ? short_payload : payload.data(); }
};

/// What a rank has started. What every operation needs stands in front.
struct operation {
  completion result;
  std::uint32_t next = 0, previous = 0;  ///< in the list that it stands in
  std::uint32_t persistent = 0;
  noticed_by who = noticed_by::poll;
  bool is_receive = false;
  bool is_done = false;
  bool is_posted = false;
  bool in_use = false;
  const void* source = nullptr;  ///< sends
  void* target = nullptr;        ///< receives
  std::uint64_t count = 0;
  collective_run* part_of = nullptr;  ///< a step of a collective
  message* matched = nullptr;         ///< a receive whose data are on the way
  envelope match;
  datatype type;
};

struct persistent_operation {
  bool is_used = false;
  bool is_receive = false;
  bool is_active = false;
  send_mode mode = send_mode::standard;
  envelope where;
  const void* source = nullptr;
  void* target = nullptr;
  std::uint64_t count = 0;
  datatype type;
};

/// Operations of an endpoint in a row, by their links.
struct operation_list {
  std::uint32_t first = 0, last = 0;
  void push_back(std::vector<operation>& all, std::uint32_t number);
  void remove(std::vector<operation>& all, std::uint32_t number);
};

struct message_list {
  message* first = nullptr;
  message* last = nullptr;
  void push_back(message* m) noexcept;
  void remove(message* m) noexcept;
};

/// The last arrival at each receiver that is still to come: what keeps the messages of a pair in order. By address, but
/// only looked up, so that addresses change nothing.
class arrival_table {
 public:
  /// The receiver's entry. Entries of times before `now` may be forgotten: zero.
  std::int64_t& at(const endpoint* to, std::int64_t now);
  void clear() noexcept { slots_.clear(); }

 private:
  struct slot {
    const endpoint* to = nullptr;
    std::int64_t time = 0;
  };
  slot& find(const endpoint* to) noexcept;
  void grow(std::int64_t now);

  std::vector<slot> slots_;  ///< open addressing; a power of two, or empty
  std::size_t used_ = 0;
};

/// Posted receives in their order. What a message is compared with stands close together, because every message looks.
class posted_queue {
 public:
  struct entry {
    int peer;
    int tag;
    std::uint32_t operation;
  };
  void push_back(const entry& one) { entries_.push_back(one); }
  /// Takes out the first one that matches and returns its operation; 0 if none does.
  std::uint32_t take(int source, int tag);
  void remove(std::uint32_t operation);

 private:
  void erase(std::size_t at);
  std::vector<entry> entries_;
  std::size_t first_ = 0;  ///< those before it are gone
};

/// MPI's two matching queues.
struct matching {
  posted_queue posted;
  message_list unexpected;
};

/// One rank's view of a communicator.
struct comm_state {
  std::shared_ptr<group> members;
  int rank = 0;
  std::uint64_t calls = 0;  ///< collectives started so far
  matching messages;
  matching collectives;
};

enum class rank_state : std::uint8_t { ready, running, parked, ended };

/// Everything that the simulator knows of one rank of one life.
struct endpoint {
  endpoint(engine& on, life& of, int number, std::uint64_t seed);
  ~endpoint();
  endpoint(const endpoint&) = delete;
  endpoint& operator=(const endpoint&) = delete;

  engine& on;
  life& of;
  int rank;
  int node;

  // Its thread of execution.
  fiber thread;
  std::byte* stack = nullptr;
  void* thread_state = nullptr;  ///< what `engine::swap_thread_state` keeps for it
  rank_state state = rank_state::ready;
  std::int64_t clock = 0;     ///< ns; may be ahead of the engine's while it runs
  std::int64_t deadline = 0;  ///< while parked
  wait_facts waits;           ///< as of its last wait
  std::uint32_t place = 0;    ///< in the engine's queue
  event_queue<delivery> inbox;
  std::int64_t paused_until = 0;
  std::int64_t slow_until = 0;
  int slow_factor = 1;
  std::int64_t late_until = 0;
  std::int64_t late_by = 0;
  std::uint64_t news = 0;         ///< how often there was something to look at
  std::uint64_t news_polled = 0;  ///< as of the last poll
  std::uint64_t calls = 0;
  std::int64_t computes_since = 0;  ///< processor time at the end of its last call; if computation is measured
  const char* last_call = "nothing";
  std::vector<std::shared_ptr<event_target>> attachments;  ///< to which events may come even after its end
  std::vector<std::function<void()>> at_power_loss;        ///< even after its end
  std::vector<std::function<void()>> at_kill;  ///< what it leaves behind outside itself: locks, child processes

  void* bridge = nullptr;            ///< what `world` keeps for it
  bool has_ended_well = false;       ///< its stack is empty
  bool is_polling = false;           ///< it looks again and again, and gives way for once
  rank_host* host = nullptr;         ///< while it has one
  std::string output, error_output;  ///< what it wrote, unless it is shown at once
  std::string last_words;            ///< the last line that it wrote on standard error

  // Its port to the network.
  std::int64_t port_out_free = 0;
  std::int64_t port_in_free = 0;
  arrival_table last_arrival;

  // What it has started.
  bool has_transport = false;
  std::vector<std::unique_ptr<comm_state>> comms;
  std::vector<operation> operations;  ///< number 0 is none
  std::uint32_t free_operation = 0;
  operation_list done;
  std::vector<persistent_operation> persistents;
  std::map<std::uint64_t, message*> matched;
  std::vector<std::unique_ptr<collective_run>> collectives;  ///< under way
  std::uint64_t next_matched = 0;
  random_source random;

  comm_state& comm(comm_id id) {  ///< throws `world_error` for an unknown one
    const auto index = static_cast<std::size_t>(id);
    if (index >= comms.size() || !comms[index]) unknown_comm(id);
    return *comms[index];
  }
  [[noreturn]] static void unknown_comm(comm_id id);
  comm_state* find(const group* members) noexcept;
  std::uint32_t add_comm(std::shared_ptr<group> members, int rank_in_it);
  operation& started(op_number number);  ///< throws `world_error` for one that is not started
  std::uint32_t add_operation(void* token, noticed_by who);
  void complete(std::uint32_t number);
  void forget(std::uint32_t number);
  /// Nothing that it has started can write into its memory any more.
  void drop_everything() noexcept;
};

}  // namespace weft::sim
