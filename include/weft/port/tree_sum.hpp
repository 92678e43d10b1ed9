// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <weft/port/port.hpp>

namespace weft {

/// Sums of N integers over all ranks, again and again, without a collective of the transport: for objects that watch
/// over themselves in waves. Every rank contributes once per round; when all have, each is told the sums by a call of
/// its callback, in protocol context (also from `context::poll`), where it may contribute to the next round.
///
/// Messages go up and down a binomial tree with rank 0 at its root: 2 (size - 1) of them, in 2 log2(size) steps. They
/// go through a port, so `context::quiescence` counts them. Constructing it is collective in order only.
template <std::size_t N>
class tree_sum final {
 public:
  using values = std::array<std::int64_t, N>;

  /// `done(const values&)`: a named callable, or a temporary that is trivially destructible. On a single rank it is
  /// called by the loop too, never from `contribute`.
  template <safe_callable F>
  requires std::is_invocable_v < std::decay_t<F>
  &,
      const values& > tree_sum(context& ctx, F&& done, source_location where = source_location::current())
      : rank_(ctx.rank()),
  size_(ctx.size()), port_(ctx, receive<std::decay_t<F>>{this, std::forward<F>(done)},
                           port_options{.name = "tree_sum", .protocol = true}, where) {
    for (int bit = 1; bit < size_ && (rank_ & bit) == 0; bit *= 2) {
      if (rank_ + bit < size_) ++children_;
    }
  }
  tree_sum(const tree_sum&) = delete;
  tree_sum& operator=(const tree_sum&) = delete;

  /// No round is waited for any more: what still comes once this is destroyed is of no consequence.
  void retire() noexcept { port_.retire(); }

  /// Once per round.
  void contribute(const values& mine) {
    add(mine);
    contributed_ = true;
    step();
  }

 private:
  struct message {
    std::int64_t down = 0;
    values sums{};
  };
  template <class Done>
  struct receive {
    tree_sum* self;
    Done done;
    void operator()(int, const message& what) {
      values sums = what.sums;
      if (what.down == 0 && !self->on_subtree(sums)) return;
      self->pass_down(sums);
      done(sums);
    }
  };

  /// True at the root when the round is complete: then `sums` are those of all ranks.
  bool on_subtree(values& sums) {
    add(sums);
    ++heard_;
    if (rank_ != 0 || !contributed_ || heard_ < children_) {
      step();
      return false;
    }
    sums = begin_round();
    return true;
  }
  values begin_round() noexcept {
    contributed_ = false;
    heard_ = 0;
    return std::exchange(sums_, {});
  }
  void add(const values& more) noexcept {
    for (std::size_t i = 0; i < N; ++i) sums_[i] += more[i];
  }
  /// Passes the sums of this subtree on when they are complete.
  void step() {
    if (!contributed_ || heard_ < children_) return;
    // A root that contributes last tells itself by a message: `done` is never called from within `contribute`.
    const int parent = rank_ == 0 ? 0 : rank_ & (rank_ - 1);
    port_.post(parent, message{rank_ == 0 ? 1 : 0, begin_round()});
  }
  void pass_down(const values& sums) {
    for (int bit = 1; bit < size_ && (rank_ & bit) == 0; bit *= 2) {
      if (rank_ + bit < size_) port_.post(rank_ + bit, message{1, sums});
    }
  }

  int rank_;
  int size_;
  int children_ = 0;
  int heard_ = 0;
  bool contributed_ = false;
  values sums_{};
  port<message> port_;
};

}  // namespace weft
