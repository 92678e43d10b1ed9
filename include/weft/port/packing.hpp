// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/core/codec.hpp>
#include <weft/core/error.hpp>
#include <weft/port/frame.hpp>

namespace weft::detail {

[[noreturn]] void throw_bad_size(std::uint64_t bytes);

template <class T>
inline constexpr bool is_plain_vector = false;
template <class E, class A>
inline constexpr bool is_plain_vector<std::vector<E, A>> = !std::is_same_v<E, bool> && is_bytes<E> && any_bits_valid<E>;

/// How a message lies in a frame, and in memory of its own when it is too large for one. In general: encoded, of any
/// length.
template <class T>
struct packing {
  static constexpr bool is_fixed = false;
  static std::span<const std::byte> pack(const T& value, byte_buffer& scratch) {
    scratch.clear();
    encode(scratch, value);
    return scratch.bytes();
  }
  static byte_buffer large(const T& value) {
    byte_buffer bytes;
    encode(bytes, value);
    return bytes;
  }
  static T unpack(std::span<const std::byte> bytes) {
    T value{};
    reader in(bytes);
    decode(in, value);
    if (in.remaining() != 0) throw_bad_size(bytes.size());
    return value;
  }
  static byte_buffer room(std::uint64_t bytes) {
    byte_buffer made;
    made.resize(static_cast<std::size_t>(bytes));
    return made;
  }
  static T unpack_large(byte_buffer bytes) { return unpack(bytes.bytes()); }
};

/// Its own bytes, if they fit.
template <class T>
requires(is_bytes<T> && sizeof(T) <= largest_in_frame) struct packing<T> {
  static constexpr bool is_fixed = true;
  static T unpack(std::span<const std::byte> bytes) { throw_bad_size(bytes.size()); }
  static byte_buffer room(std::uint64_t bytes) { throw_bad_size(bytes); }
  static T unpack_large(byte_buffer bytes) { throw_bad_size(bytes.size()); }
};

/// A vector of plain elements: theirs, without a length of its own; a large one is received into its own memory.
template <class E, class A>
requires is_plain_vector<std::vector<E, A>>
struct packing<std::vector<E, A>> {
  using vector = std::vector<E, A>;
  static constexpr bool is_fixed = false;
  static std::span<const std::byte> pack(const vector& value, byte_buffer&) { return std::as_bytes(std::span(value)); }
  static vector large(const vector& value) { return value; }
  static vector large(vector&& value) { return std::move(value); }
  static vector unpack(std::span<const std::byte> bytes) {
    vector value = room(bytes.size());
    if (!bytes.empty()) std::memcpy(value.data(), bytes.data(), bytes.size());
    return value;
  }
  static vector room(std::uint64_t bytes) {
    if (bytes % sizeof(E) != 0) throw_bad_size(bytes);
    return vector(static_cast<std::size_t>(bytes / sizeof(E)));
  }
  static vector unpack_large(vector&& value) { return std::move(value); }
};

/// A message of fixed size, taken out of a frame.
template <class T>
class packed_value {
 public:
  explicit packed_value(const std::byte* from) {
    if constexpr (any_bits_valid<T>) {
      std::memcpy(memory_, from, sizeof(T));
    } else {
      ::new (static_cast<void*>(memory_)) T{};
      reader in({from, sizeof(T)});
      decode(in, get());
    }
  }
  T& get() noexcept { return *std::launder(reinterpret_cast<T*>(memory_)); }

 private:
  alignas(T) std::byte memory_[sizeof(T)];
};

}  // namespace weft::detail
