// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft {

/// The CRC-32C (Castagnoli; RFC 3720, appendix B.4) of `count` bytes. `before` is the CRC of the bytes in front of
/// them, so that pieces can be summed one after the other, or a seed. Uses the processor's instruction where there is
/// one (x86-64 with SSE4.2, found out at run time), tables elsewhere.
std::uint32_t crc32c(const void* bytes, std::size_t count, std::uint32_t before = 0) noexcept;

namespace detail {
/// The same by tables, eight bytes at a time.
std::uint32_t crc32c_portable(const void* bytes, std::size_t count, std::uint32_t before) noexcept;
}  // namespace detail
}  // namespace weft
