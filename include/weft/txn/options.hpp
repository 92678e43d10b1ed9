// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <string_view>

#include <weft/txn/lock_table.hpp>
#include <weft/txn/protocol.hpp>
#include <weft/world/time.hpp>

namespace weft {

/// Trivially destructible, so that it may stand in a `co_await` expression (g++ 12).
struct store_options {
  std::string_view name = {};  ///< for errors
  txn::decision_rule decision = txn::decision_rule::implicit;
  txn::lock_policy locks = txn::lock_policy::wait_die;
  /// Under `lock_policy::timeout`: who has waited for a lock for so long, and at most twice so long, gives up.
  duration patience = std::chrono::milliseconds(50);
};

}  // namespace weft
