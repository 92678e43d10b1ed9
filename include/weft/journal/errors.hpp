// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <weft/core/error.hpp>
#include <weft/world/storage.hpp>

namespace weft {

/// A journal is damaged where it had been acknowledged, so that going on would lose what somebody was promised. The
/// text names the file, the offset in it, and what vouches for the lost bytes.
class journal_damaged : public error {
 public:
  journal_damaged(std::string text, std::string file, std::uint64_t offset);
  const std::string& file() const noexcept { return file_; }
  std::uint64_t offset() const noexcept { return offset_; }

 private:
  std::string file_;
  std::uint64_t offset_;
};

/// A later run has taken the folder over: this rank may acknowledge nothing any more and has to end.
class fenced : public error {
 public:
  fenced(const std::string& folder, std::uint32_t own, std::uint32_t found);
};

namespace detail {
/// Throws `world_error`: "cannot WHAT PATH: why".
[[noreturn]] void throw_storage_failure(std::string_view what, std::string_view path, const storage_result& why);
inline void check_storage(const storage_result& result, std::string_view what, std::string_view path) {
  if (!result) [[unlikely]]
    throw_storage_failure(what, path, result);
}
}  // namespace detail
}  // namespace weft
