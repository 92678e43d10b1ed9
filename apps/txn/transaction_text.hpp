// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "store_files.hpp"

namespace weft::txn_app {

/// "3.0.17": epoch, coordinator, sequence.
std::string text_of(const transaction_id& id);
/// Throws `usage_error`.
transaction_id id_of(const std::string& text);
/// "promised (with 1, 2; 48 bytes)".
std::string record_text(const seen_record& record);
/// What the journals say became of a transaction that is not in doubt.
std::string outcome_text(const store_files& store, const transaction_id& id);
/// "an operator had it abort on 2026-01-02 03:04:05 UTC".
std::vector<std::string> heuristics_text(const store_files& store, const transaction_id& id);

}  // namespace weft::txn_app
