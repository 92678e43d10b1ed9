// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include <weft/async/timer_queue.hpp>
#include <weft/core/random.hpp>
#include <weft/port/context.hpp>
#include <weft/port/tree_sum.hpp>
#include <weft/queue/options.hpp>
#include <weft/queue/stats.hpp>

namespace weft::detail {

/// A rank that is said to have items.
struct supply {
  std::int32_t rank = -1;  ///< -1: none
  std::uint32_t items = 0;
};

/// What `balance` asks of the queue that it serves. All calls come in protocol context: they run no user code.
class balanced {
 public:
  /// Items of these types here that nobody holds, and that may leave for a rank of this nearness.
  virtual std::size_t available(std::uint64_t types, placement nearness) const noexcept = 0;
  /// The types that somebody here waits for, while there is none of them; 0: nobody waits.
  virtual std::uint64_t wanted_types() const noexcept = 0;
  virtual bool settled() const noexcept = 0;  ///< closed here, nothing queued, nothing held
  /// The types that somebody here has asked for of late.
  virtual std::uint64_t consumed_types() const noexcept = 0;
  /// `is_ahead`: nobody waits for them yet.
  virtual void send_request(int victim, std::uint64_t types, bool is_ahead) = 0;
  /// `tree`: see `balance::own` and those after it.
  virtual void send_registration(int neighbour, std::uint64_t types, int tree) = 0;
  /// Sends the `count` oldest items (0: none) as the answer to a request, or unasked. `hint`: a rank that may have some,
  /// or -1. Returns how many it sent: fewer than asked for when they are large.
  virtual std::size_t send_items(int to, std::size_t count, std::uint64_t types, placement nearness, bool is_answer,
                                 int hint, const supply& richest) = 0;
  /// Tells every other rank that this one has left, or is back.
  virtual void send_presence(bool away) = 0;
  virtual void on_drained() = 0;

 protected:
  ~balanced() = default;
};

/// The part of a work queue that does not depend on its items: who steals from whom, and when everything is drained.
///
/// Stealing: a hungry rank asks one victim at a time, ranks of its node first, then the one that a refusal named, then
/// any, at random; a victim answers with half of its oldest items. One that does not answer within `patience` (it
/// computes, and does not poll) is not waited for. After a few refusals the thief registers with its lifelines (its
/// neighbours in a hypercube: Saraswat et al., "Lifeline-based global load balancing", PPoPP 2011) and falls silent;
/// whoever has surplus gives to those that are registered, so that a starving machine makes no traffic.
///
/// A rank that holds an item, has no other and awaits something looks for the next in advance, so that it has come when
/// the present one is done. Then a victim keeps at least as much as it gives, and after a few refusals nobody is asked
/// before one has given something. Answers name the rank that has most as far as the victim knows; who has looked ahead
/// asks that one first, so that where one rank has nearly all, its thieves tell others. (Who computes does not: in a
/// tree search what one has heard is soon wrong, and many would ask the same.)
///
/// Ranks that only put do not search, so what lies on them may have no neighbour that searches. A rank that has nothing
/// for those that are registered with it, and does not ask for such items itself, therefore registers in its turn, on
/// their behalf, along a tree that is part of the hypercube: with all its neighbours there but the one that asked it.
/// What they give goes the same way back. A tree has no circles, so nothing is asked for twice or sent around; and each
/// of its edges carries one such registration at a time, whatever the number of those behind it. Items that may not
/// leave their node need a tree of its ranks alone.
///
/// Drained: counting in waves of `tree_sum` (F. Mattern, "Algorithms for distributed termination detection",
/// Distributed Computing 2, 1987). A rank joins a wave when it is settled and no answer is due to it, with its counts
/// of messages sent and received, all of the queue's own. Mattern's four counters need two waves that agree, because a
/// count may miss a message that was sent after one rank had counted and received before another had. Here, as in his
/// time algorithm, every message carries the number of waves that its sender has joined, and a rank that gets one from
/// a later wave before it has joined says so: without such a message the counts belong to one consistent cut (Lai and
/// Yang 1987), and one wave with as many received as sent proves that all ranks were settled and nothing was under way.
/// (What is sent after the cut are questions for work that there is not.)
class balance {
 public:
  balance(context& ctx, balanced& queue);
  ~balance();
  balance(const balance&) = delete;
  balance& operator=(const balance&) = delete;

  /// Something changed: items came, were taken or settled, somebody waits, this rank closed.
  void step();
  /// The loop has nothing to run, or a rank polls: items that nobody here asks for are offered.
  void offer();
  /// The loop has nothing to run, or a computation polls: asks on behalf of those that are registered here.
  void ask_for_others();
  /// Somebody here holds an item, and will ask for these types when it is done; there is none of them here.
  void look_ahead(std::uint64_t types);
  /// Sends everything that may leave to other ranks, evenly.
  void give_away();
  /// This rank takes no part any more: what it has, and what comes to it, goes on to others.
  void leave();
  void join();
  bool is_away() const noexcept { return away_; }
  /// The queue is cancelled: ranks may leave it without waiting for the end.
  void retire() noexcept {
    wave_.retire();
    registered_.clear();
    retired_ = true;
  }

  // On whose behalf a rank registers: its own, or that of others, along the tree of its node or of all ranks.
  static constexpr int own = -1;
  static constexpr int node_tree = 0;
  static constexpr int world_tree = 1;

  // Messages that were received, after `count_received`.
  void on_request(int thief, std::uint64_t types, bool is_ahead);
  void on_registration(int neighbour, std::uint64_t types, int tree);
  void on_presence(int rank, bool away);
  void on_items(int from, std::size_t count, bool is_answer, int hint, const supply& richest);
  /// A message of the queue is sent that `balance` did not ask for, or any was received: the queue is not drained while
  /// one is under way.
  void count_sent() noexcept { ++sent_; }
  void count_received(std::uint32_t sender_wave) noexcept {
    ++received_;
    from_later_wave_ |= static_cast<std::int32_t>(sender_wave - waves_) > 0;
  }
  /// What every message of the queue carries: how many waves this rank has joined.
  std::uint32_t waves() const noexcept { return waves_; }

  placement nearness(int rank) const noexcept;
  /// Somebody waits for what this rank may have: a change is worth a `step`.
  bool wanted() const noexcept { return !registered_.empty() || away_; }
  /// Some other rank has asked for items.
  bool was_asked() const noexcept { return was_asked_; }
  bool is_drained() const noexcept { return drained_; }
  bool is_searching() const noexcept { return asked_ > 0 && on_lifelines_ == 0; }
  void add_to(queue_stats& stats) const noexcept;

 private:
  static constexpr int most_tries = 4;
  static constexpr int most_tries_ahead = 2;
  static constexpr int most_asked = 3;  // victims that may owe an answer at one time
  static constexpr duration patience = std::chrono::microseconds(500);
  struct neighbour {
    int rank;
    int tree;
    std::uint64_t types;
  };
  struct branch {
    int rank;
    int tree;
    std::uint64_t asked;  ///< types that it has been asked for since it last gave
  };
  struct patience_timer final : timer_node {
    balance* of = nullptr;
  };

  std::size_t share(std::uint64_t types, placement nearness) const noexcept;
  int choose_victim();
  bool is_near(int rank) const noexcept { return node_peers_.empty() || nearness(rank) == placement::node; }
  void seek();
  void ask(std::uint64_t types, bool is_ahead);
  void register_with_lifelines(std::uint64_t types);
  void give();
  void send(int to, std::size_t count, std::uint64_t types, placement nearness, bool is_answer);
  std::vector<branch>& branches();
  void add_branches(int at, int size, int tree);
  bool is_branch(int rank, int tree) const noexcept;
  int next_peer() noexcept;
  bool is_present(int rank) const noexcept;
  void join_wave();
  void wave_done(const std::array<std::int64_t, 3>& sums);

  context& ctx_;
  balanced& queue_;
  tree_sum<3> wave_;  // messages sent, received; ranks that saw one from a later wave
  random_source random_;
  patience_timer timer_;
  std::vector<int> node_peers_;        // the other ranks of this node
  std::vector<neighbour> registered_;  // those that wait for a gift, in the order in which they came
  std::vector<branch> branches_;       // this rank's neighbours in the trees, once they are needed
  std::vector<int> absent_;            // the other ranks that have left
  std::int64_t sent_ = 0;
  std::int64_t received_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t failed_requests_ = 0;
  time_point settled_at_{};
  duration ending_{};
  int tries_ = 0;
  int tries_ahead_ = 0;
  int asked_ = 0;  // answers that are due to us
  int last_thief_ = -1;
  int hint_ = -1;
  supply richest_;  // of what answers have said since that one was last asked
  std::size_t next_peer_ = 0;
  bool impatient_ = false;
  bool was_asked_ = false;
  std::uint64_t on_lifelines_ = 0;  // the types that they have been asked for; 0: not silent
  bool away_ = false;
  bool retired_ = false;
  std::uint32_t waves_ = 0;
  bool from_later_wave_ = false;
  bool in_wave_ = false;
  bool was_settled_ = false;
  bool drained_ = false;
};

}  // namespace weft::detail
