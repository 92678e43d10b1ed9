// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <type_traits>

#include <weft/comm/value.hpp>
#include <weft/world/datatype.hpp>

namespace weft {

/// A reduction that the world knows, on numbers (sum and product also on complex ones) and, element by element, on
/// arrays and ranges of them.
struct builtin_reduction {
  reduction kind;
};
inline constexpr builtin_reduction sum{reduction::sum};
inline constexpr builtin_reduction product{reduction::product};
inline constexpr builtin_reduction minimum{reduction::minimum};
inline constexpr builtin_reduction maximum{reduction::maximum};
inline constexpr builtin_reduction logical_and{reduction::logical_and};
inline constexpr builtin_reduction logical_or{reduction::logical_or};
inline constexpr builtin_reduction bit_and{reduction::bit_and};
inline constexpr builtin_reduction bit_or{reduction::bit_or};
inline constexpr builtin_reduction bit_xor{reduction::bit_xor};

/// A function whose arguments may be swapped; the world then need not combine in the order of the ranks.
template <class F>
struct commutative_function {};
template <class F>
constexpr commutative_function<F> commutative(F) noexcept {
  return {};
}

namespace detail {

template <class T, class F>
concept combines = requires(F f, const T& a, const T& b) {
  { f(a, b) } -> std::convertible_to<T>;
};

/// What a reduction of `T` by `F` works on: the whole value if F combines two of them, else its elements.
template <class T, class F>
consteval auto reduced_item() {
  if constexpr (combines<T, F>) {
    return std::type_identity<T>{};
  } else {
    return std::type_identity<typename wire<std::remove_cv_t<range_element<T>>>::element>{};
  }
}

template <class T, class F>
struct function_reduction {
  static_assert(std::is_empty_v<F> && std::is_default_constructible_v<F>,
                "weft: a reduction is a function object without captures: it is applied on other ranks as well");
  using item = typename decltype(reduced_item<T, F>())::type;
  static_assert(combines<item, F>, "weft: the reduction must take two values (or elements) and return one");
  static_assert(is_plain<item>, "weft: values to be reduced by a function must be plain");

  static void apply(const void* in, void* inout, std::uint64_t count) {
    const auto* a = static_cast<const item*>(in);
    auto* b = static_cast<item*>(inout);
    for (std::uint64_t i = 0; i < count; ++i) b[i] = F{}(a[i], b[i]);
  }
  static region memory(T& value) {
    const region all = region_of(value);
    return {all.data, all.count * all.type->extent / sizeof(item), &datatype_of<item>};
  }
};

/// The world's operation and the memory for reducing `T` by `F`.
template <class T, class F>
struct reduction_of {
  static op operation(F) noexcept { return {reduction::function, false, function_reduction<T, F>::apply}; }
  static region memory(T& value) { return function_reduction<T, F>::memory(value); }
};
template <class T, class F>
struct reduction_of<T, commutative_function<F>> {
  static op operation(commutative_function<F>) noexcept {
    return {reduction::function, true, function_reduction<T, F>::apply};
  }
  static region memory(T& value) { return function_reduction<T, F>::memory(value); }
};
template <class T>
struct reduction_of<T, builtin_reduction> {
  static op operation(builtin_reduction f) noexcept { return {f.kind, true, nullptr}; }
  static region memory(T& value) { return region_of(value); }
};

}  // namespace detail
}  // namespace weft
