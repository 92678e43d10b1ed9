// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace weft {

/// A place in a user's source, captured as a defaulted argument: `source_location where = source_location::current()`.
/// weft's own type, because clang 14 with libstdc++ 12 has no `std::source_location`.
struct source_location {
  const char* file = "";
  const char* function = "";
  unsigned line = 0;

  static constexpr source_location current(const char* file = __builtin_FILE(),
                                           const char* function = __builtin_FUNCTION(),
                                           unsigned line = __builtin_LINE()) noexcept {
    return {file, function, line};
  }
};

}  // namespace weft
