// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include <weft/txn/lock_table.hpp>
#include <weft/txn/protocol.hpp>
#include <weft/world/time.hpp>

namespace weft {

/// What a committed transaction survives.
enum class store_durability : std::uint8_t {
  none,     ///< nothing: the store ends with its job
  written,  ///< the death of every process (promised for node-local file systems only)
  synced,   ///< the death of the nodes
};

/// Trivially destructible, so that it may stand in a `co_await` expression (g++ 12).
struct store_options {
  std::string_view name = {};  ///< for errors
  txn::decision_rule decision = txn::decision_rule::implicit;
  txn::lock_policy locks = txn::lock_policy::wait_die;
  store_durability kept = store_durability::none;
  /// Of the journals, in the shared file space; the store's own. Only if something is kept.
  std::string_view directory = {};
  /// Under `lock_policy::timeout`: who has waited for a lock for so long, and at most twice so long, gives up.
  duration patience = std::chrono::milliseconds(50);
  /// Keys whose first so many bytes are equal lie on the same rank: the rows of one customer, say, whose transactions then
  /// touch one rank only. For keys that are plain values, whose bytes are those in memory (docs/values.md). 0: each key
  /// by itself.
  std::uint32_t placed_by = 0;
  std::uint64_t compact_bytes = std::uint64_t{64} << 20;  ///< a rank's journal is rewritten when it has grown by this
  std::uint64_t segment_bytes = std::uint64_t{16} << 20;  ///< of one file of a journal
  /// `open` waits so long for the processes of an earlier job that still have the directory, then goes on beside them.
  duration predecessors = std::chrono::seconds(5);
};

/// Trivially destructible as well.
struct transaction_options {
  /// If not empty: a transaction of this name that has committed, in this run or an earlier one, is not run again.
  std::string_view name = {};
  /// If positive: after this time `timed_out` is thrown, unless it is too late to abort. Its attempts count together.
  duration within = duration::zero();
  bool read_only = false;  ///< writing throws `usage_error`
};

}  // namespace weft
