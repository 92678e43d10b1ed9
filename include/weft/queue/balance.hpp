// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <weft/core/random.hpp>
#include <weft/port/context.hpp>
#include <weft/port/tree_sum.hpp>

namespace weft::detail {

/// What `balance` asks of the queue that it serves. All calls come in protocol context: they run no user code.
class balanced {
 public:
  virtual std::size_t queued() const noexcept = 0;   ///< items here that nobody holds
  virtual bool hungry() const noexcept = 0;          ///< somebody here waits for an item and there is none
  virtual bool settled() const noexcept = 0;         ///< closed here, nothing queued, nothing held
  virtual bool consuming() const noexcept = 0;       ///< somebody here asks for items: the last one may stay
  virtual void send_request(int victim) = 0;
  virtual void send_registration(int neighbour) = 0;
  /// Sends the `count` oldest items (0: none) as the answer to a request, or unasked to a registered neighbour.
  virtual void send_items(int thief, std::size_t count, bool is_answer) = 0;
  virtual void on_drained() = 0;

 protected:
  ~balanced() = default;
};

/// The part of a work queue that does not depend on its items: who steals from whom, and when everything is drained.
///
/// Stealing: a hungry rank asks one victim at a time, ranks of its node first, then any, at random; a victim answers with
/// half of its oldest items. After a few refusals the thief registers with its lifelines (its neighbours in a
/// hypercube: Saraswat et al., "Lifeline-based global load balancing", PPoPP 2011) and falls silent; whoever has
/// surplus gives to those that are registered, so that a starving machine makes no traffic.
///
/// Drained: the four-counter method (F. Mattern, "Algorithms for distributed termination detection", Distributed
/// Computing 2, 1987) over waves of `tree_sum`. A rank joins a wave when it is settled and no answer is due to it; two
/// consecutive waves with equal counts of messages sent and received, all of the queue's own, end it. So at that point
/// no message of the queue is under way.
class balance {
 public:
  balance(context& ctx, balanced& queue);
  balance(const balance&) = delete;
  balance& operator=(const balance&) = delete;

  /// Something changed: items came, were taken or settled, somebody waits, this rank closed.
  void step();
  /// The loop has nothing to run: items that nobody here asks for are offered.
  void offer();

  void on_request(int thief);
  void on_registration(int neighbour);
  void on_items(int from, std::size_t count, bool is_answer);
  /// Somebody waits for what this rank may have: a change is worth a `step`.
  bool wanted() const noexcept { return !registered_.empty(); }
  bool is_drained() const noexcept { return drained_; }
  std::uint64_t requests() const noexcept { return requests_; }

 private:
  static constexpr int most_tries = 4;

  std::size_t share() const noexcept;
  int choose_victim();
  void seek();
  void register_with_lifelines();
  void give();
  void join_wave();
  void wave_done(const std::array<std::int64_t, 2>& sums);

  context& ctx_;
  balanced& queue_;
  tree_sum<2> wave_;
  random_source random_;
  std::vector<int> registered_;  // neighbours that wait for a gift
  std::array<std::int64_t, 2> last_wave_{-1, -1};
  std::int64_t sent_ = 0;
  std::int64_t received_ = 0;
  std::uint64_t requests_ = 0;
  int tries_ = 0;
  bool asked_ = false;        // an answer is due to us
  bool on_lifelines_ = false;
  bool in_wave_ = false;
  bool drained_ = false;
};

}  // namespace weft::detail
