// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <span>

#include <weft/core/encoder.hpp>
#include <weft/core/error.hpp>

namespace weft {

/// A bounded cursor over received bytes. Reading past the end, or a length that the remaining bytes cannot hold, throws
/// `decode_error` before any memory is reserved.
class reader {
 public:
  explicit reader(std::span<const std::byte> bytes) noexcept
      : next_(bytes.data()), end_(bytes.data() + bytes.size()), credit_(credit_factor * bytes.size()) {}

  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - next_); }

  void raw(void* to, std::size_t count) {
    const std::byte* from = take(count);
    if (count != 0) std::memcpy(to, from, count);
  }
  /// The next `count` bytes, in place.
  const std::byte* take(std::size_t count) {
    if (count > remaining()) [[unlikely]]
      throw_truncated(count);
    return std::exchange(next_, next_ + count);
  }
  std::uint8_t byte() { return std::to_integer<std::uint8_t>(*take(1)); }
  bool boolean() {
    std::uint8_t b = byte();
    if (b > 1) throw_invalid("a boolean");
    return b == 1;
  }
  std::uint64_t number() {
    std::uint64_t n = byte();
    if (n != detail::long_length) return n;
    raw(&n, sizeof n);
    if (n < detail::long_length) throw_invalid("a length");
    return n;
  }
  /// A count of things of which each takes at least `smallest` bytes.
  std::size_t length(std::size_t smallest) {
    std::uint64_t count = number();
    if (count > remaining() / smallest) [[unlikely]]
      throw_too_long(count);
    return static_cast<std::size_t>(count);
  }
  /// A count of things of which eight share a byte.
  std::size_t bit_length() {
    std::uint64_t count = number();
    if (count / 8 + (count % 8 != 0) > remaining()) [[unlikely]]
      throw_too_long(count);
    return static_cast<std::size_t>(count);
  }
  /// How many of `count` elements, of at least `smallest` bytes each, memory may be reserved for in advance. Nested
  /// containers may each claim all remaining bytes; the credit keeps the sum of what they reserve proportional to the
  /// input. A container beyond it just grows as its elements arrive.
  std::size_t reservable(std::size_t count, std::size_t smallest) noexcept {
    std::size_t granted = std::min(count, credit_ / smallest);
    credit_ -= granted * smallest;
    return granted;
  }

  [[noreturn]] void throw_truncated(std::size_t needed) const;
  [[noreturn]] void throw_too_long(std::uint64_t count) const;
  [[noreturn]] void throw_invalid(const char* what) const;
  [[noreturn]] void throw_version(std::string_view type, unsigned received, unsigned known) const;

 private:
  static constexpr std::size_t credit_factor = 4;

  const std::byte* next_;
  const std::byte* end_;
  std::size_t credit_;
};

namespace detail {

template <class T>
consteval std::size_t smallest_encoding();

template <class... Fields>
consteval std::size_t sum_of_smallest(type_list<Fields...>) {
  return (std::size_t{0} + ... + smallest_encoding<Fields>());
}

template <class T, std::size_t... I>
consteval std::size_t sum_of_smallest(std::index_sequence<I...>) {
  return (std::size_t{0} + ... + smallest_encoding<std::tuple_element_t<I, T>>());
}

/// The fewest bytes that a `T` takes on the wire: at least 1, but for wrappers and empty arrays of objects.
template <class T>
consteval std::size_t smallest_encoding() {
  if constexpr (kind_of<T> == value_kind::bytes) {
    return sizeof(T);
  } else if constexpr (kind_of<T> == value_kind::array) {
    return array_traits<T>::size * smallest_encoding<typename array_traits<T>::element>();
  } else if constexpr (kind_of<T> == value_kind::tuple) {
    return sum_of_smallest<T>(std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (kind_of<T> == value_kind::aggregate && is_reflectable<T>) {
    return sum_of_smallest(field_types<T>{});
  } else {
    return 1;
  }
}

/// Reads values from a reader; the counterpart of value_writer.
template <class Derived>
class value_reader {
 public:
  explicit value_reader(reader& in) noexcept : in_(in) {}
  value_reader(const value_reader&) = delete;
  value_reader& operator=(const value_reader&) = delete;

  void load_binary(void* to, std::size_t count) { in_.raw(to, count); }

  template <class T>
  void value(T& v);
  template <class T>
  void array(T* first, std::size_t count) {
    if constexpr (is_bytes<T>) {
      if (count > in_.remaining() / sizeof(T)) in_.throw_too_long(count);
      in_.raw(static_cast<void*>(first), count * sizeof(T));
      if constexpr (!any_bits_valid<T>) {
        for (std::size_t i = 0; i < count; ++i) check_bits(first[i]);
      }
    } else {
      for (std::size_t i = 0; i < count; ++i) value(first[i]);
    }
  }

 protected:
  reader& in() noexcept { return in_; }
  void enter() {
    if (++depth_ > max_depth) in_.throw_invalid("nesting deeper than 1000 objects");
  }
  void leave() { --depth_; }

 private:
  Derived& self() noexcept { return static_cast<Derived&>(*this); }
  template <class T>
  void check_bits(T& v);
  template <class T>
  void block(T& v);
  template <class T>
  void bits(T& v);
  template <class T>
  void sequence(T& v);
  template <class T>
  void forward_list(T& v);
  template <class T>
  void set(T& v);
  template <class T>
  void map(T& v);
  template <class T>
  void aggregate(T& v);
  template <class T, std::size_t... I>
  void alternative(T& v, std::size_t index, std::index_sequence<I...>) {
    static_cast<void>(((index == I && (value(v.template emplace<I>()), true)) || ...));
  }
  template <class... Ts>
  std::size_t elements() {
    constexpr std::size_t smallest = (smallest_encoding<Ts>() + ...);
    static_assert(smallest > 0, "weft: the elements of a container must take at least one byte on the wire");
    return in_.length(smallest);
  }
  template <class... Ts, class T>
  void reserve(T& v, std::size_t count) {
    if constexpr (requires { v.reserve(count); }) v.reserve(in_.reservable(count, (smallest_encoding<Ts>() + ...)));
  }

  reader& in_;
  unsigned depth_ = 0;
};

/// The light archive, loading; the counterpart of encoder.
template <class Root>
class decoder : public value_reader<decoder<Root>> {
 public:
  using is_saving = boost::mpl::bool_<false>;
  using is_loading = boost::mpl::bool_<true>;
  static constexpr bool tracks_addresses = false;

  using value_reader<decoder>::value_reader;

  template <class T>
  void serialized(T& v) {
    constexpr unsigned known = class_version<T>();
    this->enter();
    unsigned version = this->in().byte();
    if (version > known) this->in().throw_version(type_name<T>(), version, known);
    call_serialize(*this, v, version);
    this->leave();
  }

  template <class T>
  void pointer(T&) {
    static_assert(
        requires { sizeof(full_codec<Root>); },
        "weft: this value holds pointers or polymorphic objects; #include <weft/core/full_archive.hpp>");
    if constexpr (requires { sizeof(full_codec<Root>); }) {
      // Mentioning it makes its initialiser run before main; see full_decoding.
      static_cast<void>(&full_codec<Root>::registered);
    }
    this->in().throw_invalid("a pointer in a value that was written without pointers");
  }

  // --- the rest of a Boost archive's face --------------------------------------------------------------------------
  template <class T>
  decoder& operator&(T&& v) {
    this->value(v);
    return *this;
  }
  template <class T>
  decoder& operator>>(T&& v) {
    this->value(v);
    return *this;
  }
  template <class T>
  void register_type(const T* = nullptr) {}
  void reset_object_address(const void*, const void*) {}
  unsigned get_library_version() const noexcept { return boost_library_version; }
};

/// Decoding a `T` may meet a payload of the full archive: how to read that. Set before main, in programs that include
/// <weft/core/full_archive.hpp>, for exactly the types that can reach a pointer; constant from then on.
template <class Root>
struct full_decoding {
  using function = void (*)(reader& in, Root& value);
  static inline function decode = nullptr;
};

}  // namespace detail

}  // namespace weft

#include <weft/core/decoder_impl.hpp>
