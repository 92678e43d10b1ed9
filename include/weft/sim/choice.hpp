// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace weft::sim {

/// One of the things that may happen next.
struct choice {
  enum class kind : std::uint8_t {
    deliver,  ///< the next message from `peer` to `rank` arrives
    timer,    ///< the rank's next timer fires
    outside,  ///< the earliest thing outside the ranks happens: of a disk, a child, a fault
    run,      ///< of several ranks that can go on, this one does
    go_on,    ///< the rank that runs goes on
    stop,     ///< the rank that runs is stopped for a while, although it could go on
  };
  kind what = kind::deliver;
  int rank = 0;
  int peer = -1;
  int tag = -1;
  std::uint64_t number = 0;  ///< of the message between these two
  friend bool operator==(const choice&, const choice&) = default;
};

/// Says what happens next, instead of the clock: a message from one rank to another arrives when the chooser says so
/// (those of a pair in their order), a timer fires when it says so. Ranks run until they wait. Collective operations go
/// on by themselves.
class chooser {
 public:
  /// The index of one of `options` (one at least).
  virtual std::size_t choose(std::span<const choice> options) = 0;
  /// Whether to ask which of several ranks goes on, and how often a rank may be stopped that could go on.
  virtual bool orders_ranks() const noexcept = 0;
  virtual bool may_stop_ranks() const noexcept = 0;

 protected:
  ~chooser() = default;
};

}  // namespace weft::sim
