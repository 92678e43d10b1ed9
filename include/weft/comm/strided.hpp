// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>

#include <weft/core/value_kind.hpp>
#include <weft/world/datatype.hpp>

namespace weft {

/// Blocks of elements at equal distances in the caller's memory: a matrix column, a halo. Made by `strided`; borrowed
/// wherever it is passed.
template <class T>
class strided_view {
 public:
  using element_type = T;
  strided_view(T* data, std::size_t blocks, std::size_t block_length, std::ptrdiff_t stride) noexcept
      : data_(data),
        type_(datatype::strided(datatype_of<std::remove_cv_t<T>>, blocks, block_length,
                                stride * static_cast<std::ptrdiff_t>(sizeof(T)))) {}

  T* data() const noexcept { return data_; }
  /// Elements in all blocks.
  std::size_t size() const noexcept { return static_cast<std::size_t>(type_.packed_size() / sizeof(T)); }
  const datatype& type() const noexcept { return type_; }

 private:
  T* data_;
  datatype type_;
};

/// `blocks` blocks of `block_length` elements, the starts of consecutive blocks `stride` elements apart, from `first`.
/// Column j of a row-major rows x columns matrix: `strided(&m[j], rows, 1, columns)`.
template <class T>
requires is_bytes<std::remove_cv_t<T>> strided_view<T> strided(T* first, std::size_t blocks, std::size_t block_length,
                                                               std::ptrdiff_t stride)
noexcept { return {first, blocks, block_length, stride}; }

/// The same from element `offset` of a container, which must outlive the operation: a temporary does not compile.
template <class R>
requires requires(R& r) { *std::data(r); }
auto strided(R& range, std::size_t offset, std::size_t blocks, std::size_t block_length,
             std::ptrdiff_t stride) noexcept {
  return strided(std::data(range) + offset, blocks, block_length, stride);
}
template <class R>
requires(!std::is_lvalue_reference_v<R> &&
         !std::is_pointer_v<R>) void strided(R&& temporary, std::size_t offset, std::size_t blocks,
                                             std::size_t block_length, std::ptrdiff_t stride) = delete;

}  // namespace weft
