// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/comm/value.hpp>
#include <weft/core/bytes.hpp>

namespace weft::detail {

/// How values of any size travel in a collective: vectors and strings of plain elements as their elements, everything
/// else encoded.
template <class T>
struct variable_format {
  static constexpr bool is_encoded = value_class_of<T> != value_class::resizable;
  static constexpr auto item_type() {
    if constexpr (is_encoded) {
      return std::type_identity<std::byte>{};
    } else {
      return std::type_identity<typename wire<typename T::value_type>::element>{};
    }
  }
  using item = typename decltype(item_type())::type;
  static const datatype& type() { return wire_type<item>(); }

  static void append(byte_buffer& out, const T& value) {
    if constexpr (is_encoded) {
      encode_message(out, value);
    } else {
      out.append(value.data(), value.size() * sizeof(typename T::value_type));
    }
  }
  static T make(std::span<const std::byte> bytes) {
    T value{};
    if constexpr (is_encoded) {
      decode_message(bytes, value);
    } else {
      value.resize(bytes.size() / sizeof(typename T::value_type));
      if (!bytes.empty()) std::memcpy(value.data(), bytes.data(), bytes.size());
    }
    return value;
  }
};

/// One part for each rank, of any size, one after the other in one buffer; counts and places are in items.
class variable_parts {
 public:
  explicit variable_parts(std::size_t item_bytes) noexcept : item_bytes_(item_bytes) {}

  byte_buffer data;
  std::vector<int> counts;
  std::vector<int> places;

  /// Counts what was appended to `data` since the last call as the next part. Throws `usage_error` above 2^31 items.
  void end_part();
  /// Room for `counts` items, and the places of the parts.
  void make_room();
  std::span<const std::byte> part(std::size_t i) const noexcept {
    return data.bytes().subspan(static_cast<std::size_t>(places[i]) * item_bytes_,
                                static_cast<std::size_t>(counts[i]) * item_bytes_);
  }
  template <class T>
  std::vector<T> values() const {
    std::vector<T> made;
    made.reserve(counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) made.push_back(variable_format<T>::make(part(i)));
    return made;
  }

 private:
  std::size_t item_bytes_;
};

/// A count that the world can take. Throws `usage_error` above 2^31 - 1.
int checked_count(std::size_t items);

}  // namespace weft::detail
