// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>
#include <type_traits>

#include <weft/comm/strided.hpp>
#include <weft/core/codec.hpp>
#include <weft/world/datatype.hpp>

namespace weft {

/// Types that the world describes itself: `weft/mpi/boost.hpp` specialises it for types declared to Boost.MPI, with
/// `value` true and `static const datatype& get()`. Such a type travels as the world's own datatype.
template <class T>
struct declared_datatype : std::false_type {};

namespace detail {

/// Has a fixed size and no pointers: travels as it lies in memory.
template <class T>
inline constexpr bool is_plain = is_bytes<T> || declared_datatype<T>::value;

/// Arrays, nested ones too, are runs of their innermost elements, so that a raw MPI peer sees doubles and not bytes.
template <class T>
struct wire {
  using element = T;
  static constexpr std::size_t count = 1;
};
template <class T>
requires array_like<T>
struct wire<T> {
  using element = typename wire<typename array_traits<T>::element>::element;
  static constexpr std::size_t count = array_traits<T>::size * wire<typename array_traits<T>::element>::count;
};

/// The datatype of the innermost elements of `T`.
template <class T>
const datatype& wire_type() {
  using E = std::remove_cv_t<typename wire<std::remove_cv_t<T>>::element>;
  if constexpr (declared_datatype<E>::value) {
    return declared_datatype<E>::get();
  } else {
    return datatype_of<E>;
  }
}

template <class R>
using range_element = std::remove_reference_t<decltype(*std::data(std::declval<R&>()))>;

/// Contiguous memory of plain elements that knows its size.
template <class R>
concept plain_range = requires(R& r) {
  { std::size(r) } -> std::convertible_to<std::size_t>;
  *std::data(r);
}
&&is_plain<std::remove_cv_t<range_element<R>>>;

template <class T>
inline constexpr bool is_strided = false;
template <class T>
inline constexpr bool is_strided<strided_view<T>> = true;

/// A view: copying it copies no elements.
template <class T>
inline constexpr bool is_view = false;
template <class T, std::size_t N>
inline constexpr bool is_view<std::span<T, N>> = true;
template <class C, class Traits>
inline constexpr bool is_view<std::basic_string_view<C, Traits>> = true;

/// What a type is to the typed layer. The order of the tests in `find_value_class` is the order of precedence.
enum class value_class : std::uint8_t {
  strided,     ///< a strided view
  view,        ///< a contiguous view of plain elements
  array,       ///< T[N] or std::array of plain elements
  plain,       ///< any other plain value
  resizable,   ///< a vector or string of plain elements: its size is found at the receiver
  range,       ///< other contiguous memory of plain elements: may be sent
  serialised,  ///< everything else
};

template <class T>
consteval value_class find_value_class() {
  if constexpr (is_strided<T>) {
    return value_class::strided;
  } else if constexpr (is_view<T>) {
    static_assert(plain_range<T>, "weft: the elements of a view must be plain (numbers, plain aggregates)");
    return value_class::view;
  } else if constexpr (array_like<T> && is_plain<typename wire<T>::element>) {
    return value_class::array;
  } else if constexpr (is_plain<T>) {
    return value_class::plain;
  } else if constexpr (!in_std<T> && has_serialize<T>) {
    return value_class::serialised;
  } else if constexpr (plain_range<T>) {
    return contiguous_like<T> ? value_class::resizable : value_class::range;
  } else {
    return value_class::serialised;
  }
}

template <class T>
inline constexpr value_class value_class_of = find_value_class<std::remove_cv_t<T>>();

template <class T>
inline constexpr bool is_known_size =
    value_class_of<T> == value_class::plain || value_class_of<T> == value_class::array;

/// May stand as the explicit type of a receive: something that can own its value.
template <class T>
concept receivable = std::is_object_v<T> && !std::is_const_v<T> && !std::is_array_v<T> && !std::is_pointer_v<T> &&
                     !is_view<T> && !is_strided<T>;

template <class V>
inline constexpr bool is_mutable_view = false;
template <class T, std::size_t N>
inline constexpr bool is_mutable_view<std::span<T, N>> = !std::is_const_v<T>;
template <class T>
inline constexpr bool is_mutable_view<strided_view<T>> = !std::is_const_v<T>;

template <class T>
consteval bool is_target_class() {
  constexpr value_class c = value_class_of<T>;
  return c != value_class::serialised && c != value_class::view && c != value_class::strided;
}

/// May be received into, borrowed: a mutable view, or an lvalue of plain memory. `V` is deduced as in `V&&`.
template <class V>
concept receive_target = is_mutable_view<std::remove_cvref_t<V>> ||
    (std::is_lvalue_reference_v<V> && !std::is_const_v<std::remove_reference_t<V>> &&
     is_target_class<std::remove_reference_t<V>>());

/// Memory that a message is read from or written into.
template <class Pointer>
struct basic_region {
  Pointer data = nullptr;
  std::uint64_t count = 0;  ///< items of `type`
  const datatype* type = nullptr;
};
using region = basic_region<void*>;
using const_region = basic_region<const void*>;

/// The memory of anything but a serialised value.
template <class T>
auto region_of(T& value) {
  constexpr value_class c = value_class_of<T>;
  static_assert(c != value_class::serialised);
  if constexpr (c == value_class::strided) {
    using pointer = std::conditional_t<std::is_const_v<typename T::element_type>, const void*, void*>;
    return basic_region<pointer>{value.data(), 1, &value.type()};
  } else if constexpr (c == value_class::array || c == value_class::plain) {
    using pointer = std::conditional_t<std::is_const_v<T>, const void*, void*>;
    return basic_region<pointer>{&value, wire<std::remove_cv_t<T>>::count, &wire_type<T>()};
  } else {
    using E = range_element<T>;
    using pointer = std::conditional_t<std::is_const_v<E>, const void*, void*>;
    return basic_region<pointer>{std::data(value), std::size(value) * wire<std::remove_cv_t<E>>::count,
                                 &wire_type<E>()};
  }
}

}  // namespace detail
}  // namespace weft
