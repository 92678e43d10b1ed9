// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <weft/world/datatype.hpp>

namespace weft::sim {

/// Throws `world_error`: the type is opaque.
[[noreturn]] void unknown_type();

/// Bytes that `count` items of `type` put on the wire.
inline std::uint64_t packed_bytes(std::uint64_t count, const datatype& type) {
  if (type.is_element) return count * type.element_size;
  if (type.is_opaque) unknown_type();
  return count * type.packed_size();
}

/// Gathers `count` items of `type` at `data` into `out`, which has `packed_bytes(count, type)` bytes.
void pack(const void* data, std::uint64_t count, const datatype& type, std::byte* out);

/// Scatters packed bytes over the items of `type` at `data`; the last item may be incomplete.
void unpack(std::span<const std::byte> packed, void* data, const datatype& type);

/// `inout[i] = operation(in[i], inout[i])` over `count` items. Throws `world_error` for an operation that the element
/// kind does not have (bits of a floating-point number, order of complex numbers) and for items that are not
/// contiguous.
void reduce(const op& operation, const std::byte* in, std::byte* inout, std::uint64_t count, const datatype& type);

}  // namespace weft::sim
