// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <weft/core/boost_serialize.hpp>
#include <weft/core/reflect.hpp>
#include <weft/core/type_hash.hpp>

namespace weft {

/// Specialise to true for a trivially copyable class that weft does not recognise by itself (a class with constructors,
/// a SIMD vector) and whose bytes mean the same in another process. `BOOST_IS_BITWISE_SERIALIZABLE(T)` does the same.
template <class T>
inline constexpr bool declared_as_bytes = detail::is_declared_bitwise<T>() && std::is_trivially_copyable_v<T>;

/// Specialise with `static constexpr E first, last;` to have decoders refuse an `E` outside [first, last].
template <class E>
struct enum_limits;

namespace detail {

template <class T>
concept has_enum_limits = std::is_enum_v<T> && requires {
  { enum_limits<T>::first } -> std::convertible_to<T>;
  { enum_limits<T>::last } -> std::convertible_to<T>;
};

// std's templates are told by name and shape: including each of their headers here would cost every user half a second.
template <class T>
inline constexpr bool in_std = type_name<T>().starts_with("std::");

template <class T>
struct array_traits : std::false_type {};
template <class T, std::size_t N>
struct array_traits<T[N]> : std::true_type {
  using element = T;
  static constexpr std::size_t size = N;
};
template <class T, std::size_t N>
struct array_traits<std::array<T, N>> : std::true_type {
  using element = T;
  static constexpr std::size_t size = N;
};
/// T[N] or std::array<T, N>: taken element by element, never as a tuple, for N may be large.
template <class T>
concept array_like = array_traits<T>::value;

template <class T>
concept tuple_like = in_std<T> && !array_like<T> && requires {
  std::tuple_size<T>::value;
};

template <class T>
concept variant_like = in_std<T> && requires {
  std::variant_size<T>::value;
};

template <class T>
concept optional_like = in_std<T> && requires(T& t) {
  typename T::value_type;
  t.has_value();
  t.reset();
  t.emplace();
};

template <class T>
concept complex_like = in_std<T> && std::is_trivially_copyable_v<T> && requires(const T& t) {
  requires std::is_arithmetic_v<typename T::value_type>;
  t.real();
  t.imag();
} && sizeof(T) == 2 * sizeof(typename T::value_type);

template <class T>
concept duration_like = in_std<T> && std::is_trivially_copyable_v<T> && requires(const T& t) {
  typename T::period;
  requires std::is_arithmetic_v<typename T::rep>;
  t.count();
} && sizeof(T) == sizeof(typename T::rep);

template <class T>
concept time_point_like = in_std<T> && std::is_trivially_copyable_v<T> && requires(const T& t) {
  typename T::clock;
  requires duration_like<typename T::duration>;
  t.time_since_epoch();
} && sizeof(T) == sizeof(typename T::duration);

template <class T>
concept shared_pointer_like = requires(const T& t) {
  typename T::element_type;
  t.use_count();
};

template <class T>
concept unique_pointer_like = in_std<T> && requires(T& t) {
  typename T::element_type;
  typename T::deleter_type;
  t.release();
};

template <class T>
concept container_like = requires(T& t, const T& c) {
  typename T::value_type;
  t.clear();
  c.begin();
  c.end();
};

template <class T>
concept map_like = container_like<T> && requires(T& t, typename T::key_type key) {
  typename T::mapped_type;
  t.emplace_hint(t.end(), std::piecewise_construct, std::forward_as_tuple(std::move(key)), std::tuple<>());
  t.size();
};

template <class T>
concept set_like = container_like<T> && !map_like<T> && requires(T & t, typename T::key_type key) {
  t.emplace_hint(t.end(), std::move(key));
  t.size();
};

template <class T>
concept sequence_like = container_like<T> && requires(T& t) {
  t.push_back(std::declval<typename T::value_type>());
  t.size();
  t.resize(std::size_t{});
  { *t.begin() } -> std::same_as<typename T::value_type&>;
};

template <class T>
concept contiguous_like = sequence_like<T> && requires(T& t) {
  { t.data() } -> std::same_as<typename T::value_type*>;
};

template <class T>
concept bit_vector_like = in_std<T> && container_like<T> && std::same_as<typename T::value_type, bool> &&
    requires(T& t) {
  t.flip();
  t.push_back(true);
};

template <class T>
concept forward_list_like = container_like<T> && requires(T& t) {
  t.before_begin();
  t.emplace_after(t.before_begin());
};

template <class T>
consteval bool find_is_bytes();

template <class... Fields>
consteval bool all_bytes(type_list<Fields...>) {
  return (find_is_bytes<Fields>() && ...);
}

template <class T, std::size_t... I>
consteval bool all_elements_bytes(std::index_sequence<I...>) {
  return (find_is_bytes<std::tuple_element_t<I, T>>() && ...);
}

template <class T>
consteval bool find_is_bytes() {
  if constexpr (std::is_const_v<T> || std::is_volatile_v<T> || std::is_reference_v<T>) {
    return false;
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return true;
  } else if constexpr (array_like<T>) {
    return find_is_bytes<typename array_traits<T>::element>();
  } else if constexpr (!std::is_class_v<T>) {
    return false;
  } else if constexpr (declared_as_bytes<T>) {
    static_assert(std::is_trivially_copyable_v<T>, "weft: a type declared as bytes must be trivially copyable");
    return true;
  } else if constexpr (tuple_like<T>) {
    // pair and tuple assign element by element, so they are not formally trivially copyable; their copy constructor and
    // destructor are trivial when the elements' are, and the same build lays them out alike on every rank.
    if constexpr (!std::is_trivially_copy_constructible_v<T> || !std::is_trivially_destructible_v<T>) {
      return false;
    } else {
      return all_elements_bytes<T>(std::make_index_sequence<std::tuple_size_v<T>>{});
    }
  } else if constexpr (in_std<T>) {
    return complex_like<T> || duration_like<T> || time_point_like<T> || std::is_same_v<T, std::monostate>;
  } else if constexpr (!std::is_trivially_copyable_v<T> || !std::is_aggregate_v<T>) {
    return false;
  } else if constexpr (has_serialize<T> || !is_reflectable<T>) {
    return false;
  } else {
    return all_bytes(field_types<T>{});
  }
}

}  // namespace detail

/// `T` crosses the wire as its raw bytes (padding included): arithmetic types, enums, `std::complex`, durations and
/// time points, arrays, pairs, tuples and plain aggregates of such, and what `declared_as_bytes` adds. Never pointers,
/// views, or classes with a `serialize` function.
template <class T>
inline constexpr bool is_bytes = detail::find_is_bytes<T>();

namespace detail {

template <class T>
consteval bool find_any_bits();

template <class... Fields>
consteval bool all_any_bits(type_list<Fields...>) {
  return (find_any_bits<Fields>() && ...);
}

template <class T, std::size_t... I>
consteval bool all_elements_any_bits(std::index_sequence<I...>) {
  return (find_any_bits<std::tuple_element_t<I, T>>() && ...);
}

template <class T>
consteval bool find_any_bits() {
  if constexpr (std::is_same_v<T, bool> || has_enum_limits<T>) {
    return false;
  } else if constexpr (array_like<T>) {
    return find_any_bits<typename array_traits<T>::element>();
  } else if constexpr (!std::is_class_v<T> || declared_as_bytes<T>) {
    return true;
  } else if constexpr (tuple_like<T>) {
    return all_elements_any_bits<T>(std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (in_std<T>) {
    return true;
  } else {
    return all_any_bits(field_types<T>{});
  }
}

/// A bytes type of which every bit pattern is a value; otherwise (bool, limited enums) decoders check.
template <class T>
inline constexpr bool any_bits_valid = find_any_bits<T>();

/// How a value is encoded. The order of the tests in `find_kind` is the order of precedence.
enum class value_kind {
  bytes,
  boost_wrapper,
  boost_number,
  array,
  tuple,
  optional,
  variant,
  owner,    ///< unique_ptr to a class without virtual functions
  pointer,  ///< needs the full archive
  bit_vector,
  block,  ///< contiguous, resizable, elements are bytes
  sequence,
  forward_list,
  map,
  set,
  serialize,
  aggregate,
};

template <class T>
consteval value_kind container_kind() {
  if constexpr (bit_vector_like<T>) {
    return value_kind::bit_vector;
  } else if constexpr (map_like<T>) {
    return value_kind::map;
  } else if constexpr (set_like<T>) {
    return value_kind::set;
  } else if constexpr (forward_list_like<T>) {
    return value_kind::forward_list;
  } else if constexpr (contiguous_like<T>) {
    return is_bytes<typename T::value_type> ? value_kind::block : value_kind::sequence;
  } else if constexpr (sequence_like<T>) {
    return value_kind::sequence;
  } else {
    return value_kind::aggregate;
  }
}

template <class T>
consteval value_kind find_kind() {
  if constexpr (is_bytes<T>) {
    return value_kind::bytes;
  } else if constexpr (boost_wrapper<T>::value) {
    return value_kind::boost_wrapper;
  } else if constexpr (is_boost_number<T>) {
    return value_kind::boost_number;
  } else if constexpr (array_like<T>) {
    return value_kind::array;
  } else if constexpr (tuple_like<T>) {
    return value_kind::tuple;
  } else if constexpr (variant_like<T>) {
    return value_kind::variant;
  } else if constexpr (optional_like<T>) {
    return value_kind::optional;
  } else if constexpr (unique_pointer_like<T>) {
    return std::is_polymorphic_v<typename T::element_type> ? value_kind::pointer : value_kind::owner;
  } else if constexpr (std::is_pointer_v<T> || shared_pointer_like<T>) {
    return value_kind::pointer;
  } else if constexpr (!in_std<T> && has_serialize<T>) {
    return value_kind::serialize;
  } else {
    return container_kind<T>();
  }
}

template <class T>
inline constexpr value_kind kind_of = find_kind<std::remove_cv_t<T>>();

}  // namespace detail

}  // namespace weft
