// SPDX-License-Identifier: BSL-1.0
#include <fmt/format.h>

#include <system_error>
#include <utility>
#include <weft/journal/errors.hpp>

namespace weft {

journal_damaged::journal_damaged(std::string text, std::string file, std::uint64_t offset)
    : error(std::move(text)), file_(std::move(file)), offset_(offset) {}

fenced::fenced(const std::string& folder, std::uint32_t own, std::uint32_t found)
    : error(fmt::format("a later run has taken over {} (epoch {}, ours is {}): this one acknowledges nothing any more",
                        folder, found, own)) {}

void detail::throw_storage_failure(std::string_view what, std::string_view path, const storage_result& why) {
  throw world_error(fmt::format("cannot {} {}: {}", what, path, std::generic_category().message(why.code)), why.code);
}

}  // namespace weft
