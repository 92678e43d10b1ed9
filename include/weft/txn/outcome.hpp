// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <compare>
#include <cstdint>

#include <weft/core/error.hpp>
#include <weft/txn/transaction_id.hpp>

namespace weft {

enum class transaction_outcome : std::uint8_t { committed, aborted };

/// When a transaction with a name committed. One that comes after another, on any rank and in any run, has a later
/// moment.
struct transaction_moment {
  std::uint32_t epoch = 0;
  std::uint64_t counter = 0;  ///< Lamport's
  friend constexpr auto operator<=>(const transaction_moment&, const transaction_moment&) = default;
};

/// What became of a transaction.
struct transaction_result {
  transaction_outcome outcome = transaction_outcome::aborted;
  transaction_id id;  ///< of the attempt that ended it
  int attempts = 1;   ///< 0: a transaction of this name had committed before
  transaction_moment when;  ///< with a name
  explicit operator bool() const noexcept { return outcome == transaction_outcome::committed; }
};

/// Another transaction was older, or came first: this attempt has to be given up. `transact` begins the next one;
/// whoever commits by hand does so.
class transaction_conflict : public error {
 public:
  explicit transaction_conflict(source_location where);
};

/// `at` found no such key.
class not_found : public error {
 public:
  explicit not_found(source_location where);
};

}  // namespace weft
