// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <nlohmann/json.hpp>

#include <weft/world/storage.hpp>

#include "commands.hpp"

namespace weft::txn_app {

/// Decides a transaction in doubt. The journals are written anew with everything that was in them, and with the decision.
/// Throws `usage_error` if it is not in doubt, or without `--force`.
nlohmann::json resolve(storage& files, const command_line& line);

}  // namespace weft::txn_app
