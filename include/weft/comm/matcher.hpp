// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>

#include <weft/async/loop.hpp>
#include <weft/async/operation.hpp>
#include <weft/comm/keyed_chains.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/world/transport.hpp>

namespace weft::detail {

/// A receive as the matcher sees it; part of every receive operation.
struct posted_receive {
  enum class place : std::uint8_t {
    nowhere,  ///< not posted, or done
    direct,   ///< posted in the transport
    table,    ///< stands in the matcher's table
    matched,  ///< its message was found and is being received
  };

  operation* op = nullptr;
  posted_receive* next = nullptr;  ///< in its chain of the table
  posted_receive* previous = nullptr;
  std::uint64_t order = 0;  ///< of posting
  void* buffer = nullptr;
  std::uint64_t count = 0;  ///< items of `type`
  const datatype* type = nullptr;
  std::uint64_t capacity = 0;  ///< bytes of payload that fit
  std::uint64_t element = 1;   ///< a message is a whole number of elements of so many bytes
  /// Of a receive of unknown size: makes room for a message of `bytes`, setting `buffer` and `count`. May throw.
  void (*make_room)(posted_receive& self, std::uint64_t bytes) = nullptr;
  std::exception_ptr rejection;     ///< why the message that was found cannot be received
  std::uint64_t message_bytes = 0;  ///< of the message that was found
  int source = any_source;          ///< as asked for
  int tag = any_tag;
  bool exact = false;  ///< the message must have exactly `capacity` bytes
  place where = place::nowhere;
  std::uint8_t slot = 0;
};

/// Finds each message its receive on one communicator of one rank, in MPI's order: a message goes to the oldest posted
/// receive that it matches, and messages of one sender that match the same receive are taken in the order in which they
/// were sent.
///
/// Receives of known size are posted in the transport (`direct`) while they have few different keys (source and tag).
/// Those of unknown size, and the rest, stand in a table of our own; while it is not empty the matcher takes messages
/// out of the transport by matched probe and looks their receives up, which costs the same for one receive and for ten
/// thousand, where MPI searches a list. What then matches no receive is kept, and every later receive and probe looks
/// there first.
///
/// Order holds because the transport gives a message to its own posted receives before a probe can see it: a direct
/// receive is thereby older than all in the table, so one that could take a message from an older receive in the table
/// must stand behind it there. Standing in the table is always right; direct is faster.
class matcher final : private loop_source {
 public:
  /// Keys of direct receives. Open MPI searches posted receives in a list: beyond some the table is faster.
  static constexpr std::size_t direct_keys = 64;

  matcher(loop& on, comm_id comm) noexcept : loop_(on), comm_(comm) {}
  ~matcher() override;
  matcher(const matcher&) = delete;
  matcher& operator=(const matcher&) = delete;

  /// Posts a receive, whose operation may be done on return. Throws what the transport throws. The message of one of
  /// unknown size is looked for so often before the receive goes to the table, whose messages take longer to match.
  void post(posted_receive& receive, int looks = 1) {
    if (table_.empty() && (kept_.empty() || WEFT_PLANTED("matching.kept_message_is_overlooked")) &&
        receive.make_room == nullptr && claim_slot(receive)) [[likely]] {
      post_direct(receive);
    } else {
      post_slowly(receive, looks);
    }
  }
  /// Takes the oldest message that a receive posted now would get, if it has come: looks for it so often. It is then the
  /// caller's to receive.
  bool take_message(int source, int tag, int looks, matched_message& found);
  /// Receives a message that was taken. The receive's operation may be done on return.
  void receive_into(posted_receive& receive, const matched_message& message) noexcept;
  /// Where a receive of known size may go now. True: `receive` may be started in the transport by the caller, and
  /// counts as direct; false: it was posted here.
  bool post_unless_direct(posted_receive& receive);
  /// The receive was handed out by the transport. Called first by its operation's `complete`.
  void leave(posted_receive& receive) noexcept {
    if (receive.where == posted_receive::place::direct) --slots_[receive.slot].count;
    receive.where = posted_receive::place::nowhere;
  }
  withdrawal withdraw(posted_receive& receive) noexcept;

  /// Whether a message that matches no posted receive is there; it stays.
  bool iprobe(int source, int tag, matched_message& found);

  std::size_t in_table() const noexcept { return table_.size(); }
  std::size_t kept() const noexcept { return kept_.size(); }

 private:
  /// A message that matched no receive when it was taken out of the transport.
  struct kept_message {
    kept_message* next = nullptr;
    kept_message* previous = nullptr;
    kept_message* later = nullptr;  ///< in order of arrival
    kept_message* earlier = nullptr;
    int source;
    int tag;
    matched_message message;
  };
  /// A key of direct receives; stays when its last receive is done, until another key needs the slot.
  struct direct_key {
    int source = any_source;
    int tag = any_tag;
    std::uint32_t count = 0;
  };
  static constexpr int poll_budget = 64;

  bool poll() override;
  void take_last_slot(posted_receive& receive) noexcept {
    ++slots_[last_slot_].count;
    receive.slot = static_cast<std::uint8_t>(last_slot_);
  }
  // The next receive mostly has the key of the last one.
  bool claim_slot(posted_receive& receive) noexcept {
    const direct_key& last = slots_[last_slot_];
    if (last.source != receive.source || last.tag != receive.tag || used_slots_ == 0) [[unlikely]]
      return claim_other_slot(receive);
    take_last_slot(receive);
    return true;
  }
  bool claim_other_slot(posted_receive& receive) noexcept;
  void post_direct(posted_receive& receive) {
    operation& op = *receive.op;
    receive.where = posted_receive::place::direct;
    completion now;
    try {
      op.number = loop_.transport().irecv({comm_, receive.source, receive.tag}, receive.buffer, receive.count,
                                          *receive.type, &op, now);
    } catch (...) {
      leave(receive);
      throw;
    }
    if (op.number == op_number::completed) [[unlikely]]
      op.kind().complete(op, now);
  }
  void post_slowly(posted_receive& receive, int looks);
  bool overlaps_table(int source, int tag) const noexcept;
  void insert(posted_receive& receive);
  void erase(posted_receive& receive) noexcept;
  posted_receive* find_receive(int source, int tag) const noexcept;
  void deliver(const matched_message& message);
  kept_message* find_kept(int source, int tag) const noexcept;
  void keep(const matched_message& message);
  matched_message take_kept(kept_message& kept) noexcept;

  loop& loop_;
  comm_id comm_;
  std::array<direct_key, direct_keys> slots_;
  std::size_t used_slots_ = 0;
  std::size_t last_slot_ = 0;  ///< of the last direct receive: the next one mostly has its key
  keyed_chains<posted_receive> table_;
  keyed_chains<kept_message> kept_;
  kept_message* first_kept_ = nullptr;
  kept_message* last_kept_ = nullptr;
  std::uint64_t next_order_ = 0;
  std::size_t any_source_count_ = 0;  ///< receives in the table with a wildcard source and a tag
  std::size_t any_tag_count_ = 0;     ///< with a source and a wildcard tag
  std::size_t any_any_count_ = 0;
  envelope filter_;  ///< covers every receive in the table
  bool is_source_ = false;
};

}  // namespace weft::detail
