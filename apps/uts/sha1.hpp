// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace weft::uts {

/// A SHA-1 digest as five host-order words: the state of a node's random stream.
using digest = std::array<std::uint32_t, 5>;

/// Which implementation computes the hash; both give the same digests.
enum class sha1_path : std::uint8_t {
  scalar,
  sha_extensions,  ///< the x86 SHA instructions
};

/// The fastest path that this processor has.
sha1_path best_sha1_path() noexcept;
bool has(sha1_path path) noexcept;
std::string_view name(sha1_path path) noexcept;

/// The state of the root: SHA-1 of 16 zero bytes and the seed, big-endian.
digest root_state(std::int32_t seed) noexcept;

/// Writes the states of the children `first`, `first + 1`, ... of `parent`: SHA-1 of the parent's digest and the
/// child's number, big-endian; one compression each. Several are computed side by side where the processor gains by it.
using derive_function = void (*)(const digest& parent, std::uint32_t first, std::span<digest> children) noexcept;

/// The function of a path; `path` must be one that this processor has.
derive_function derive(sha1_path path) noexcept;

/// The node's draw: 31 bits, uniform.
constexpr std::uint32_t draw(const digest& state) noexcept { return state[4] & 0x7fffffffu; }

}  // namespace weft::uts
