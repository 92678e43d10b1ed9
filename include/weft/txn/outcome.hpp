// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <weft/core/error.hpp>
#include <weft/txn/transaction_id.hpp>

namespace weft {

enum class transaction_outcome : std::uint8_t { committed, aborted };

/// What became of a transaction.
struct transaction_result {
  transaction_outcome outcome = transaction_outcome::aborted;
  transaction_id id;  ///< of the attempt that ended it
  int attempts = 1;
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
