// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <vector>

#include <weft/core/value_kind.hpp>
#include <weft/txn/call.hpp>
#include <weft/txn/entries.hpp>
#include <weft/txn/lock_age.hpp>
#include <weft/txn/lock_table.hpp>
#include <weft/txn/protocol.hpp>
#include <weft/txn/transaction_id.hpp>

namespace weft::txn {

/// What two ranks of a store say to each other besides the protocol's own messages.
enum class wire_kind : std::uint8_t {
  protocol,
  read,     ///< lock these keys and answer with their values
  call,     ///< run these functions
  take,     ///< lock the oldest free item of the queue with this prefix, and answer with it
  secure,   ///< lock these keys for writing and keep what is to be written, on the coordinator's own rank
  values,   ///< answer to the four
  refused,  ///< answer to the four
  wounded,  ///< an older transaction wants a lock of this one
};

/// The one message of a store.
struct wire {
  transaction_id id;
  lock_age age;
  std::uint64_t clock = 0;     ///< the sender's, for ages
  std::uint64_t finished = 0;  ///< all attempts of the sender with lower sequences are over everywhere
  std::uint32_t ticket = 0;    ///< of a request, returned with the answer
  wire_kind kind = wire_kind::protocol;
  message_kind what = message_kind::prepare;
  lock_mode mode = lock_mode::shared;
  bool opens = false;  ///< the first message of this transaction to this rank
  std::vector<std::uint32_t> voters;
  /// Of `call`; and of `secure` and of the protocol's messages that carry writes: run before those are applied.
  std::vector<txn::call> calls;
  /// To `call`. With `refused` and `vote_no`: one that failed, if that is the reason.
  std::vector<call_answer> answers;
  entries data;
};

}  // namespace weft::txn

// A message that carries anything else is refused where it is decoded.
template <>
struct weft::enum_limits<weft::txn::wire_kind> {
  static constexpr auto first = weft::txn::wire_kind::protocol, last = weft::txn::wire_kind::wounded;
};
template <>
struct weft::enum_limits<weft::txn::message_kind> {
  static constexpr auto first = weft::txn::message_kind::prepare, last = weft::txn::message_kind::inquire;
};
template <>
struct weft::enum_limits<weft::txn::lock_mode> {
  static constexpr auto first = weft::txn::lock_mode::shared, last = weft::txn::lock_mode::exclusive;
};
