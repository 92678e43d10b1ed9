// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace weft {

/// The most fields that an aggregate may have to be reflected; larger ones need a `serialize` function.
inline constexpr std::size_t max_reflected_fields = 32;

namespace detail {

template <class... Ts>
struct type_list {
  static constexpr std::size_t size = sizeof...(Ts);
};

// Converts to the base classes of T only, so `T{base_of<T>{}}` compiles exactly for aggregates with a base class.
template <class T>
struct base_of {
  template <class Base>
  requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>) operator Base() const noexcept;
};

// Converts to anything: finds a field behind those that can be counted.
struct anything {
  template <class T>
  operator T() const noexcept;
};

// Fields are counted with one empty brace pair each. An array member takes one pair like any other field (counting with
// a convertible-to-anything value counts its elements, because of brace elision), and a field that converts from
// everything (std::optional, std::variant) is not ambiguous. The price: every field must be default constructible,
// which a value that is to be decoded must be anyway.
// clang-format off
// WEFT_BRACES_n: n brace pairs. WEFT_NAMES_n: f1 to fn. WEFT_FOR_EACH_COUNT(X): X(1) to X(32), for if-else chains.
#define WEFT_BRACES_1 {}
#define WEFT_BRACES_2 WEFT_BRACES_1, {}
#define WEFT_BRACES_3 WEFT_BRACES_2, {}
#define WEFT_BRACES_4 WEFT_BRACES_3, {}
#define WEFT_BRACES_5 WEFT_BRACES_4, {}
#define WEFT_BRACES_6 WEFT_BRACES_5, {}
#define WEFT_BRACES_7 WEFT_BRACES_6, {}
#define WEFT_BRACES_8 WEFT_BRACES_7, {}
#define WEFT_BRACES_9 WEFT_BRACES_8, {}
#define WEFT_BRACES_10 WEFT_BRACES_9, {}
#define WEFT_BRACES_11 WEFT_BRACES_10, {}
#define WEFT_BRACES_12 WEFT_BRACES_11, {}
#define WEFT_BRACES_13 WEFT_BRACES_12, {}
#define WEFT_BRACES_14 WEFT_BRACES_13, {}
#define WEFT_BRACES_15 WEFT_BRACES_14, {}
#define WEFT_BRACES_16 WEFT_BRACES_15, {}
#define WEFT_BRACES_17 WEFT_BRACES_16, {}
#define WEFT_BRACES_18 WEFT_BRACES_17, {}
#define WEFT_BRACES_19 WEFT_BRACES_18, {}
#define WEFT_BRACES_20 WEFT_BRACES_19, {}
#define WEFT_BRACES_21 WEFT_BRACES_20, {}
#define WEFT_BRACES_22 WEFT_BRACES_21, {}
#define WEFT_BRACES_23 WEFT_BRACES_22, {}
#define WEFT_BRACES_24 WEFT_BRACES_23, {}
#define WEFT_BRACES_25 WEFT_BRACES_24, {}
#define WEFT_BRACES_26 WEFT_BRACES_25, {}
#define WEFT_BRACES_27 WEFT_BRACES_26, {}
#define WEFT_BRACES_28 WEFT_BRACES_27, {}
#define WEFT_BRACES_29 WEFT_BRACES_28, {}
#define WEFT_BRACES_30 WEFT_BRACES_29, {}
#define WEFT_BRACES_31 WEFT_BRACES_30, {}
#define WEFT_BRACES_32 WEFT_BRACES_31, {}
#define WEFT_BRACES_33 WEFT_BRACES_32, {}
#define WEFT_NAMES_1 f1
#define WEFT_NAMES_2 WEFT_NAMES_1, f2
#define WEFT_NAMES_3 WEFT_NAMES_2, f3
#define WEFT_NAMES_4 WEFT_NAMES_3, f4
#define WEFT_NAMES_5 WEFT_NAMES_4, f5
#define WEFT_NAMES_6 WEFT_NAMES_5, f6
#define WEFT_NAMES_7 WEFT_NAMES_6, f7
#define WEFT_NAMES_8 WEFT_NAMES_7, f8
#define WEFT_NAMES_9 WEFT_NAMES_8, f9
#define WEFT_NAMES_10 WEFT_NAMES_9, f10
#define WEFT_NAMES_11 WEFT_NAMES_10, f11
#define WEFT_NAMES_12 WEFT_NAMES_11, f12
#define WEFT_NAMES_13 WEFT_NAMES_12, f13
#define WEFT_NAMES_14 WEFT_NAMES_13, f14
#define WEFT_NAMES_15 WEFT_NAMES_14, f15
#define WEFT_NAMES_16 WEFT_NAMES_15, f16
#define WEFT_NAMES_17 WEFT_NAMES_16, f17
#define WEFT_NAMES_18 WEFT_NAMES_17, f18
#define WEFT_NAMES_19 WEFT_NAMES_18, f19
#define WEFT_NAMES_20 WEFT_NAMES_19, f20
#define WEFT_NAMES_21 WEFT_NAMES_20, f21
#define WEFT_NAMES_22 WEFT_NAMES_21, f22
#define WEFT_NAMES_23 WEFT_NAMES_22, f23
#define WEFT_NAMES_24 WEFT_NAMES_23, f24
#define WEFT_NAMES_25 WEFT_NAMES_24, f25
#define WEFT_NAMES_26 WEFT_NAMES_25, f26
#define WEFT_NAMES_27 WEFT_NAMES_26, f27
#define WEFT_NAMES_28 WEFT_NAMES_27, f28
#define WEFT_NAMES_29 WEFT_NAMES_28, f29
#define WEFT_NAMES_30 WEFT_NAMES_29, f30
#define WEFT_NAMES_31 WEFT_NAMES_30, f31
#define WEFT_NAMES_32 WEFT_NAMES_31, f32
#define WEFT_FOR_EACH_COUNT(X) \
  X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) \
  X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31) X(32)

template <class T>
consteval std::size_t count_fields() {
#define WEFT_COUNT(n) \
  if constexpr (!requires { T{WEFT_BRACES_##n}; }) return n - 1; else
  WEFT_FOR_EACH_COUNT(WEFT_COUNT)
#undef WEFT_COUNT
  if constexpr (requires { T{WEFT_BRACES_33}; }) return max_reflected_fields + 1;
  else return max_reflected_fields;
}

template <class T, std::size_t Count>
consteval bool has_uncounted_field() {
#define WEFT_MORE(n) \
  if constexpr (Count == n) return requires { T{WEFT_BRACES_##n, anything{}}; }; else
  WEFT_FOR_EACH_COUNT(WEFT_MORE)
#undef WEFT_MORE
  return requires { T{anything{}}; };
}

template <class T>
inline constexpr bool has_base = requires { T{base_of<T>{}}; };

// A call whose arguments are the fields: f(f1, f2, ...).
template <std::size_t Count, class T, class F>
constexpr decltype(auto) apply_to_fields(T& value, F&& f) {
  if constexpr (Count == 0) {
    return f();
  } else
#define WEFT_APPLY(n)                       \
  if constexpr (Count == n) {               \
    auto& [WEFT_NAMES_##n] = value;         \
    return f(WEFT_NAMES_##n);               \
  } else
    WEFT_FOR_EACH_COUNT(WEFT_APPLY)
#undef WEFT_APPLY
    {
      static_assert(Count <= max_reflected_fields);
    }
}

#undef WEFT_BRACES_1
#undef WEFT_BRACES_2
#undef WEFT_BRACES_3
#undef WEFT_BRACES_4
#undef WEFT_BRACES_5
#undef WEFT_BRACES_6
#undef WEFT_BRACES_7
#undef WEFT_BRACES_8
#undef WEFT_BRACES_9
#undef WEFT_BRACES_10
#undef WEFT_BRACES_11
#undef WEFT_BRACES_12
#undef WEFT_BRACES_13
#undef WEFT_BRACES_14
#undef WEFT_BRACES_15
#undef WEFT_BRACES_16
#undef WEFT_BRACES_17
#undef WEFT_BRACES_18
#undef WEFT_BRACES_19
#undef WEFT_BRACES_20
#undef WEFT_BRACES_21
#undef WEFT_BRACES_22
#undef WEFT_BRACES_23
#undef WEFT_BRACES_24
#undef WEFT_BRACES_25
#undef WEFT_BRACES_26
#undef WEFT_BRACES_27
#undef WEFT_BRACES_28
#undef WEFT_BRACES_29
#undef WEFT_BRACES_30
#undef WEFT_BRACES_31
#undef WEFT_BRACES_32
#undef WEFT_BRACES_33
#undef WEFT_NAMES_1
#undef WEFT_NAMES_2
#undef WEFT_NAMES_3
#undef WEFT_NAMES_4
#undef WEFT_NAMES_5
#undef WEFT_NAMES_6
#undef WEFT_NAMES_7
#undef WEFT_NAMES_8
#undef WEFT_NAMES_9
#undef WEFT_NAMES_10
#undef WEFT_NAMES_11
#undef WEFT_NAMES_12
#undef WEFT_NAMES_13
#undef WEFT_NAMES_14
#undef WEFT_NAMES_15
#undef WEFT_NAMES_16
#undef WEFT_NAMES_17
#undef WEFT_NAMES_18
#undef WEFT_NAMES_19
#undef WEFT_NAMES_20
#undef WEFT_NAMES_21
#undef WEFT_NAMES_22
#undef WEFT_NAMES_23
#undef WEFT_NAMES_24
#undef WEFT_NAMES_25
#undef WEFT_NAMES_26
#undef WEFT_NAMES_27
#undef WEFT_NAMES_28
#undef WEFT_NAMES_29
#undef WEFT_NAMES_30
#undef WEFT_NAMES_31
#undef WEFT_NAMES_32
#undef WEFT_FOR_EACH_COUNT
// clang-format on

// Why an aggregate's fields cannot be listed; `none` when they can.
enum class reflect_problem { none, not_an_aggregate, is_union, base_class, too_many, not_assignable, not_default };

template <class T>
consteval reflect_problem find_reflect_problem() {
  if constexpr (std::is_union_v<T>) {
    return reflect_problem::is_union;
  } else if constexpr (!std::is_class_v<T> || !std::is_aggregate_v<T>) {
    return reflect_problem::not_an_aggregate;
  } else if constexpr (!std::is_move_assignable_v<T>) {
    return reflect_problem::not_assignable;
  } else if constexpr (!std::is_default_constructible_v<T>) {
    return reflect_problem::not_default;
  } else if constexpr (has_base<T>) {
    return reflect_problem::base_class;
  } else if constexpr (count_fields<T>() > max_reflected_fields) {
    return reflect_problem::too_many;
  } else if constexpr (has_uncounted_field<T, count_fields<T>()>()) {
    return reflect_problem::not_default;
  } else {
    return reflect_problem::none;
  }
}

template <class T>
consteval void assert_reflectable() {
  constexpr reflect_problem problem = find_reflect_problem<T>();
  static_assert(problem != reflect_problem::is_union,
                "weft: a union has no fields that can be told apart; "
                "use std::variant or write a serialize function");
  static_assert(problem != reflect_problem::not_an_aggregate,
                "weft: this class is not an aggregate (it has constructors, private members or virtual functions); "
                "write a serialize function for it");
  static_assert(problem != reflect_problem::not_assignable,
                "weft: a field of this aggregate is const or a reference, or cannot be assigned; "
                "write a serialize function for it");
  static_assert(problem != reflect_problem::not_default,
                "weft: a field of this aggregate has no (implicit) default constructor; "
                "give it one or write a serialize function");
  static_assert(problem != reflect_problem::base_class,
                "weft: this aggregate has a base class, whose fields cannot be listed; "
                "make the base a member or write a serialize function");
  static_assert(problem != reflect_problem::too_many,
                "weft: this aggregate has more than 32 fields; group them or write a serialize function");
}

}  // namespace detail

/// True for aggregates whose fields can be listed without a macro: no base class, at most `max_reflected_fields`
/// fields, each of them default constructible and assignable.
template <class T>
inline constexpr bool is_reflectable = detail::find_reflect_problem<T>() == detail::reflect_problem::none;

/// The number of fields of a reflectable aggregate; an array member is one field.
template <class T>
consteval std::size_t field_count() {
  detail::assert_reflectable<T>();
  return detail::count_fields<T>();
}

/// Calls `f(field)` for every field of the aggregate `value`, in the order of declaration.
template <class T, class F>
constexpr void for_each_field(T& value, F&& f) {
  constexpr std::size_t count = field_count<std::remove_const_t<T>>();
  detail::apply_to_fields<count>(value, [&f](auto&... fields) { (static_cast<void>(f(fields)), ...); });
}

namespace detail {

struct types_of_fields {
  template <class... Fields>
  constexpr auto operator()(const Fields&...) const {
    return type_list<std::remove_cv_t<Fields>...>{};
  }
};

// The fields' types as a type_list. Takes constant references, to which bit-fields bind too.
template <class T>
using field_types = decltype(apply_to_fields<count_fields<T>()>(std::declval<const T&>(), types_of_fields{}));

}  // namespace detail

}  // namespace weft
