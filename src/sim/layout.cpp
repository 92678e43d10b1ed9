// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/layout.hpp>

#include <algorithm>
#include <complex>
#include <cstring>
#include <functional>

#include <weft/core/error.hpp>

namespace weft::sim {
namespace {

void require_known(const datatype& type) {
  if (type.is_opaque) unknown_type();
}

template <class T>
constexpr bool is_complex = false;
template <class T>
constexpr bool is_complex<std::complex<T>> = true;

template <class T, class F>
void apply(const std::byte* in, std::byte* inout, std::uint64_t n, F f) {
  for (std::uint64_t i = 0; i < n; ++i) {
    T a;
    T b;
    std::memcpy(&a, in + i * sizeof(T), sizeof(T));
    std::memcpy(&b, inout + i * sizeof(T), sizeof(T));
    b = static_cast<T>(f(a, b));
    std::memcpy(inout + i * sizeof(T), &b, sizeof(T));
  }
}

/// True if `T` has the operation.
template <class T>
bool combine(reduction kind, const std::byte* in, std::byte* inout, std::uint64_t n) {
  if constexpr (!std::is_same_v<T, bool>) {
    if (kind == reduction::sum) return apply<T>(in, inout, n, [](T a, T b) { return a + b; }), true;
    if (kind == reduction::product) return apply<T>(in, inout, n, [](T a, T b) { return a * b; }), true;
  }
  if constexpr (!is_complex<T>) {
    if (kind == reduction::minimum) return apply<T>(in, inout, n, [](T a, T b) { return std::min(a, b); }), true;
    if (kind == reduction::maximum) return apply<T>(in, inout, n, [](T a, T b) { return std::max(a, b); }), true;
  }
  if constexpr (std::is_integral_v<T>) {
    if (kind == reduction::logical_and) return apply<T>(in, inout, n, [](T a, T b) { return a && b; }), true;
    if (kind == reduction::logical_or) return apply<T>(in, inout, n, [](T a, T b) { return a || b; }), true;
    if (kind == reduction::bit_and) return apply<T>(in, inout, n, [](T a, T b) { return a & b; }), true;
    if (kind == reduction::bit_or) return apply<T>(in, inout, n, [](T a, T b) { return a | b; }), true;
    if (kind == reduction::bit_xor) return apply<T>(in, inout, n, [](T a, T b) { return a ^ b; }), true;
  }
  return false;
}

bool combine(element_kind element, reduction kind, const std::byte* in, std::byte* inout, std::uint64_t n) {
  switch (element) {
    case element_kind::byte:
    case element_kind::uint8:
      return combine<std::uint8_t>(kind, in, inout, n);
    case element_kind::character:
      return combine<char>(kind, in, inout, n);
    case element_kind::boolean:
      return combine<bool>(kind, in, inout, n);
    case element_kind::int8:
      return combine<std::int8_t>(kind, in, inout, n);
    case element_kind::int16:
      return combine<std::int16_t>(kind, in, inout, n);
    case element_kind::int32:
      return combine<std::int32_t>(kind, in, inout, n);
    case element_kind::int64:
      return combine<std::int64_t>(kind, in, inout, n);
    case element_kind::uint16:
      return combine<std::uint16_t>(kind, in, inout, n);
    case element_kind::uint32:
      return combine<std::uint32_t>(kind, in, inout, n);
    case element_kind::uint64:
      return combine<std::uint64_t>(kind, in, inout, n);
    case element_kind::float32:
      return combine<float>(kind, in, inout, n);
    case element_kind::float64:
      return combine<double>(kind, in, inout, n);
    case element_kind::long_double:
      return combine<long double>(kind, in, inout, n);
    case element_kind::complex64:
      return combine<std::complex<float>>(kind, in, inout, n);
    case element_kind::complex128:
      return combine<std::complex<double>>(kind, in, inout, n);
    case element_kind::count_:
      break;
  }
  return false;
}

}  // namespace

void unknown_type() { throw world_error("an opaque datatype means nothing without its own world", 0); }

void pack(const void* data, std::uint64_t count, const datatype& type, std::byte* out) {
  const std::uint64_t total = packed_bytes(count, type);
  if (total == 0) return;
  const auto* base = static_cast<const std::byte*>(data);
  if (type.is_contiguous()) {
    std::memcpy(out, base, total);
    return;
  }
  const std::uint64_t block = type.block_length * type.element_size;
  for (std::uint64_t i = 0; i < count; ++i) {
    for (std::uint64_t b = 0; b < type.blocks; ++b, out += block) {
      const auto offset = static_cast<std::int64_t>(i * type.extent) + static_cast<std::int64_t>(b) * type.stride;
      std::memcpy(out, base + offset, block);
    }
  }
}

void unpack(std::span<const std::byte> packed, void* data, const datatype& type) {
  require_known(type);
  if (packed.empty()) return;
  auto* base = static_cast<std::byte*>(data);
  if (type.is_contiguous()) {
    std::memcpy(base, packed.data(), packed.size());
    return;
  }
  const std::uint64_t block = type.block_length * type.element_size;
  for (std::uint64_t i = 0; !packed.empty(); ++i) {
    for (std::uint64_t b = 0; b < type.blocks && !packed.empty(); ++b) {
      const auto offset = static_cast<std::int64_t>(i * type.extent) + static_cast<std::int64_t>(b) * type.stride;
      const std::uint64_t now = std::min<std::uint64_t>(block, packed.size());
      std::memcpy(base + offset, packed.data(), now);
      packed = packed.subspan(now);
    }
  }
}

void reduce(const op& operation, const std::byte* in, std::byte* inout, std::uint64_t count, const datatype& type) {
  if (!type.is_contiguous()) throw world_error("a reduction over items that are not contiguous", 0);
  if (operation.kind == reduction::function) {
    operation.function(in, inout, count);
    return;
  }
  const std::uint64_t elements = count * type.blocks * type.block_length;
  if (!combine(type.kind, operation.kind, in, inout, elements)) {
    throw world_error("a reduction operation that its element kind does not have", 0);
  }
}

}  // namespace weft::sim
