// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <weft/world/storage.hpp>

namespace weft::farm {

/// Hands a file of the shared name space over in pieces. Throws `usage_error` "cannot read WHAT 'PATH': ...".
void read_pieces(storage& files, const std::string& path, const std::string& what,
                 const std::function<void(std::string_view)>& take);
/// The whole content.
std::string read_text_file(storage& files, const std::string& path, const std::string& what);
/// Replaces a file, or makes it. Throws `error`.
void write_text_file(storage& files, const std::string& path, std::string_view content);
bool file_exists(storage& files, const std::string& path);

}  // namespace weft::farm
