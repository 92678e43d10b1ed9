// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>

namespace weft {

/// FNV-1a, 64 bits (Fowler, Noll, Vo; http://www.isthe.com/chongo/tech/comp/fnv).
constexpr std::uint64_t fnv1a(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3u;
  }
  return hash;
}

namespace detail {

// Returns const char*, not string_view: g++ appends the expansion of aliases in the signature to the text.
template <class T>
constexpr const char* decorated_type_name() noexcept {
  return __PRETTY_FUNCTION__;
}

}  // namespace detail

/// The compiler's spelling of `T`, aliases resolved: "std::vector<double>", "app::tile". For errors and hashes.
template <class T>
constexpr std::string_view type_name() noexcept {
  std::string_view text = detail::decorated_type_name<T>();
  text.remove_prefix(text.find("T = ") + 4);
  text.remove_suffix(1);
  return text;
}

/// A number that is the same for the same type in every translation unit and on every rank of one build. Spellings
/// differ between g++ and clang, so ranks built by different compilers refuse each other's values.
template <class T>
inline constexpr std::uint64_t type_hash = fnv1a(type_name<T>());

}  // namespace weft
