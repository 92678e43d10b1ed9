// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <weft/core/value_kind.hpp>
#include <weft/txn/lock_age.hpp>
#include <weft/txn/lock_table.hpp>
#include <weft/txn/protocol.hpp>
#include <weft/txn/transaction_id.hpp>

namespace weft::txn {

/// Encoded keys and what belongs to each: nothing means that the key is not there, or is to be erased.
struct entries {
  std::vector<std::string> keys;
  std::vector<std::optional<std::string>> values;
};

/// What two ranks of a store say to each other besides the protocol's own messages.
enum class wire_kind : std::uint8_t {
  protocol,
  read,     ///< lock these keys and answer with their values
  secure,   ///< lock these keys for writing and keep what is to be written, on the coordinator's own rank
  values,   ///< answer to `read` and `secure`
  refused,  ///< answer to both
  wounded,  ///< an older transaction wants a lock of this one
};

/// The one message of a store.
struct wire {
  transaction_id id;
  lock_age age;
  std::uint64_t clock = 0;     ///< the sender's, for ages
  std::uint64_t finished = 0;  ///< all attempts of the sender with lower sequences are over everywhere
  std::uint32_t ticket = 0;    ///< of `read` and `secure`, returned with the answer
  wire_kind kind = wire_kind::protocol;
  message_kind what = message_kind::prepare;
  lock_mode mode = lock_mode::shared;
  bool opens = false;  ///< the first message of this transaction to this rank
  std::vector<std::uint32_t> voters;
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
