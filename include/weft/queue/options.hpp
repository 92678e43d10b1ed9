// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <weft/core/error.hpp>
#include <weft/world/time.hpp>

// No option type here has a destructor: each may stand as a braced aggregate in a `co_await` expression (g++ 12).
namespace weft {

/// In which order a rank takes its own items of equal priority. Items that move to another rank are always the oldest.
enum class take_order : std::uint8_t {
  newest_first,  ///< depth first: memory grows with the depth of the work, caches stay warm
  oldest_first,  ///< in the order of arrival
};

/// Who may take an item.
enum class placement : std::uint8_t {
  anywhere,  ///< any rank
  node,      ///< the rank that it was put for, and those that share its node
  rank,      ///< only the rank that it was put for
};

struct queue_options {
  take_order order = take_order::newest_first;
  /// Items stay on the rank that they were put on, or put for, and are taken in the order in which each producer put
  /// them: nothing is stolen, and an item that failed is tried again before those behind it.
  bool fifo = false;
  /// A rank that has more than so many items, or bytes of them, queued holds its producers back (see
  /// `work_queue::put`).
  std::size_t capacity = std::size_t{1} << 16;
  std::size_t capacity_bytes = std::size_t{64} << 20;
  /// Puts that cannot wait throw `queue_full` where they would pass this many bytes on their rank.
  std::size_t hard_bytes = std::size_t{1} << 30;
  /// How often an item whose holder throws is handed out again before it becomes a dead letter.
  unsigned retries = 0;
};

inline constexpr int lowest_priority = -32;
inline constexpr int highest_priority = 31;
inline constexpr unsigned work_types = 64;  ///< types are numbered from 0 up to this

struct put_options {
  int priority = 0;   ///< `lowest_priority` to `highest_priority`; a rank takes higher ones first
  unsigned type = 0;  ///< what kind of work it is: `get` can ask for some kinds only
  placement where = placement::anywhere;
  int rank = -1;     ///< put for this rank; -1: the rank that puts
  duration delay{};  ///< it cannot be taken before; until then it counts as queued
  /// A rank that takes it first hands its other items on to other ranks, because it will not answer for long.
  bool is_long = false;
};

/// The set of work types that a `get` asks for.
struct type_set {
  std::uint64_t bits = ~std::uint64_t{0};
  static constexpr type_set only(unsigned type) noexcept { return {std::uint64_t{1} << type}; }
  friend constexpr type_set operator|(type_set a, type_set b) noexcept { return {a.bits | b.bits}; }
};

/// A put that may not wait (its task holds an item, or no rank takes any yet) met the hard limit of bytes of its rank.
class queue_full : public error {
 public:
  using error::error;
};

/// What a consumer's exception says to the producer that awaits the result.
class item_failed : public error {
 public:
  using error::error;
};

/// An item that failed as often as it may, and what its last holder said. It stays on the rank of that holder.
template <class T>
struct dead_letter {
  T value;
  std::string error;
  unsigned attempts;
};

}  // namespace weft
