// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace weft::bench {

/// How often operator new was called in this process so far. The benchmark replaces operator new to count.
std::size_t allocation_count() noexcept;

}  // namespace weft::bench
