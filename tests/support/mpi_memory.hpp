// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

/// For tests that need much memory, or measure it.
namespace weft::test {

/// Whether this machine has `bytes` of memory free, all ranks together, and no sanitizer that would double them; the same
/// answer on every rank. Collective over all ranks.
bool has_free_memory(std::uint64_t bytes);

}  // namespace weft::test
