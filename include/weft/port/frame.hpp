// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <weft/async/operation.hpp>

/// The frames in which messages of all ports travel between two ranks; docs/ports.md gives the grammar.
namespace weft::detail {

/// Below the eager limit of 4,096 with Open MPI's own headers: past it a message costs 4.6 times more.
inline constexpr std::size_t frame_bytes = 4000;
/// Frames that one rank may hold unacknowledged at another: 64,000 bytes.
inline constexpr std::uint32_t frame_window = 16;
/// A receiver that has nothing to send back acknowledges after as many frames.
inline constexpr std::uint32_t acknowledge_after = 8;
/// Ranks for which a frame may be open at a time; one more, and what is open is sent.
inline constexpr std::uint32_t most_open_frames = 64;
inline constexpr int frame_tag = 0;

struct frame_header {
  std::uint32_t sequence = 0;  ///< 1, 2, ... per pair of ranks; 0: a control frame, which needs no credit
  std::uint32_t consumed = 0;  ///< frames of the other direction whose messages were delivered, modulo 2^32
};

enum class run_kind : std::uint16_t {
  fixed,     ///< `count` messages of equal size, packed
  encoded,   ///< `count` times a 32-bit length and as many bytes
  announce,  ///< an `announcement` of one large message
  fetch,     ///< a `fetch_order`; in control frames
  done,      ///< delivered (never sent)
};

/// Consecutive messages of one port. Followed by `bytes` bytes, padded to a multiple of 8.
struct run_header {
  std::uint32_t port = 0;
  std::uint32_t type = 0;  ///< low half of the message's `type_hash`
  run_kind kind = run_kind::fixed;
  std::uint16_t count = 0;
  std::uint32_t bytes = 0;
};

struct announcement {
  std::uint64_t bytes = 0;
  std::uint32_t transfer = 0;  ///< the sender's number of it
  std::uint32_t unused = 0;
};

struct fetch_order {
  std::uint32_t transfer = 0;
  std::int32_t tag = 0;  ///< with which the receiver has posted the receive
};

static_assert(sizeof(frame_header) == 8 && sizeof(run_header) == 16 && sizeof(announcement) == 16);

/// The largest payload that a frame can carry as its only run.
inline constexpr std::size_t largest_in_frame = frame_bytes - sizeof(frame_header) - sizeof(run_header);

/// No machine has room for more: an announced size beyond it is damage, and nothing is reserved for it.
inline constexpr std::uint64_t largest_message = std::uint64_t{1} << 39;

constexpr std::size_t padded(std::size_t bytes) noexcept { return (bytes + 7) & ~std::size_t{7}; }

class message_hub;

/// A frame's memory, from a pool of this thread. It is filled, sent and given back, or holds a frame that arrived and
/// waits for its turn.
struct frame {
  frame* next = nullptr;
  message_hub* hub = nullptr;  ///< while the transport sends it
  std::uint32_t size = 0;
  alignas(std::max_align_t) std::byte operation_memory[sizeof(operation)];
  std::byte bytes[frame_bytes];

  static frame* take();
  static void give_back(frame* done) noexcept;
  /// Gives what the pool keeps back to the heap, but for a few.
  static void trim() noexcept;
};

}  // namespace weft::detail
