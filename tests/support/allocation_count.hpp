// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace weft::test {

/// Calls of operator new in this process so far, by all threads. Linked into every test.
std::uint64_t allocations();

/// Bytes that operator new has handed out and that were not given back, as the heap rounds them.
std::uint64_t bytes_held();

/// False under a sanitizer, whose own operator new stays in place: `allocations()` is then always 0, and a test that
/// counts should skip.
bool allocations_are_counted();

}  // namespace weft::test
