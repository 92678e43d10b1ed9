// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include <weft/world/storage.hpp>

namespace weft::txn_app {

/// One line of JSON for each key, in their order: {"key": "hexadecimal", "value": "hexadecimal"}, the bytes of both as they
/// are encoded. `file` empty: standard output.
nlohmann::json dump(storage& files, const std::string& directory, const std::string& file);
/// Makes a new store of such lines. Throws `usage_error` if there is one in the directory, or for a line that is none.
nlohmann::json load(storage& files, const std::string& directory, const std::string& file);

}  // namespace weft::txn_app
