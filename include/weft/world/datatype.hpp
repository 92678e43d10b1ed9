// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace weft {

/// The kinds of element that a message is made of. `byte` is raw memory, never converted.
enum class element_kind : std::uint8_t {
  byte,
  character,
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,
  float64,
  long_double,
  complex64,
  complex128,
  count_,
};

/// How one item of typed memory is laid out: `blocks` blocks of `block_length` elements of `kind`, the starts of
/// consecutive blocks `stride` bytes apart; the next item starts `extent` bytes after this one. A plain element has one
/// block of one element. An opaque type (declared to the world from outside, see `weft/mpi/boost.hpp`) carries the
/// world's own handle in `native` and is matched by it; the other fields then give its packed size and extent.
///
/// A value type without ownership: passed by reference to the transport, which keeps its own cached translation.
struct datatype {
  element_kind kind = element_kind::byte;
  bool is_element = true;   ///< one element, `extent == element_size`: the path that costs nothing
  bool is_opaque = false;   ///< `native` names it
  std::uint32_t element_size = 1;
  std::uint64_t blocks = 1;
  std::uint64_t block_length = 1;
  std::int64_t stride = 0;  ///< bytes
  std::uint64_t extent = 1; ///< bytes
  std::uint64_t native = 0;

  /// Bytes of payload in one item (what crosses the wire).
  constexpr std::uint64_t packed_size() const noexcept { return blocks * block_length * element_size; }
  constexpr bool is_contiguous() const noexcept {
    return is_element || (!is_opaque && extent == packed_size() &&
                          (blocks == 1 || stride == static_cast<std::int64_t>(block_length * element_size)));
  }
  friend constexpr bool operator==(const datatype&, const datatype&) = default;

  static constexpr datatype element(element_kind kind, std::uint32_t size) noexcept {
    datatype d;
    d.kind = kind;
    d.element_size = size;
    d.block_length = 1;
    d.extent = size;
    return d;
  }
  /// `size` raw bytes as one item: a trivially copyable object.
  static constexpr datatype bytes(std::uint64_t size) noexcept {
    datatype d;
    d.is_element = size == 1;
    d.block_length = size;
    d.extent = size;
    return d;
  }
  /// `blocks` blocks of `block_length` elements, `stride_bytes` apart (a matrix column, a halo).
  static constexpr datatype strided(datatype element, std::uint64_t blocks, std::uint64_t block_length,
                                    std::int64_t stride_bytes) noexcept {
    datatype d = element;
    d.is_element = false;
    d.blocks = blocks;
    d.block_length = block_length * element.block_length;
    d.stride = stride_bytes;
    d.extent = d.packed_size();
    return d;
  }
};

/// The element kind of an arithmetic, enum, `std::byte` or complex type; `byte` of its size for any other type.
template <class T>
consteval datatype element_of() {
  using U = std::remove_cv_t<T>;
  if constexpr (std::is_enum_v<U> && !std::is_same_v<U, std::byte>) {
    return element_of<std::underlying_type_t<U>>();
  } else if constexpr (std::is_same_v<U, bool>) {
    return datatype::element(element_kind::boolean, sizeof(U));
  } else if constexpr (std::is_same_v<U, char>) {
    return datatype::element(element_kind::character, 1);
  } else if constexpr (std::is_integral_v<U>) {
    constexpr int log2 = sizeof(U) == 1 ? 0 : sizeof(U) == 2 ? 1 : sizeof(U) == 4 ? 2 : 3;
    constexpr auto base = std::is_signed_v<U> ? element_kind::int8 : element_kind::uint8;
    return datatype::element(static_cast<element_kind>(static_cast<int>(base) + log2), sizeof(U));
  } else if constexpr (std::is_same_v<U, float>) {
    return datatype::element(element_kind::float32, sizeof(U));
  } else if constexpr (std::is_same_v<U, double>) {
    return datatype::element(element_kind::float64, sizeof(U));
  } else if constexpr (std::is_same_v<U, long double>) {
    return datatype::element(element_kind::long_double, sizeof(U));
  } else if constexpr (std::is_same_v<U, std::complex<float>>) {
    return datatype::element(element_kind::complex64, sizeof(U));
  } else if constexpr (std::is_same_v<U, std::complex<double>>) {
    return datatype::element(element_kind::complex128, sizeof(U));
  } else {
    return datatype::bytes(sizeof(U));
  }
}

/// One static description per element type: taking its address costs nothing.
template <class T>
inline constexpr datatype datatype_of = element_of<T>();

enum class reduction : std::uint8_t {
  sum,
  product,
  minimum,
  maximum,
  logical_and,
  logical_or,
  bit_and,
  bit_or,
  bit_xor,
  function,
};

/// A reduction operation: a built-in one, or a function `inout[i] = f(in[i], inout[i])` over `count` items of the
/// collective's datatype. `in` comes from the lower ranks. Non-commutative functions are applied in rank order.
struct op {
  using function_type = void (*)(const void* in, void* inout, std::uint64_t count);
  reduction kind = reduction::sum;
  bool commutative = true;
  function_type function = nullptr;
  friend constexpr bool operator==(const op&, const op&) = default;
};

}  // namespace weft
