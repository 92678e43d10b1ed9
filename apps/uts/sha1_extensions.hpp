// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "sha1.hpp"

namespace weft::uts::detail {

/// Whether this processor has SHA and SSE4.1 instructions (false on other than x86).
bool has_sha_extensions() noexcept;

/// A `derive_function` on the SHA instructions; without them it must not be called.
void derive_sha_extensions(const digest& parent, std::uint32_t first, std::span<digest> children) noexcept;

}  // namespace weft::uts::detail
