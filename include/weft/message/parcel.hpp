// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include <weft/core/bytes.hpp>
#include <weft/core/error.hpp>
#include <weft/port/packing.hpp>

namespace weft::detail {

/// A message that its receiver takes apart by itself: bytes that lie in the frame in which they came, and stay valid
/// while the handler runs, or, if they are many, in memory of their own.
class parcel {
 public:
  /// Refers to bytes that outlive the call of `post`.
  explicit parcel(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}
  explicit parcel(byte_buffer own) noexcept : own_(std::move(own)), bytes_(own_.bytes()) {}
  parcel(parcel&&) noexcept = default;
  parcel& operator=(parcel&&) noexcept = default;
  parcel(const parcel&) = delete;
  parcel& operator=(const parcel&) = delete;

  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  /// What it begins with. Throws `decode_error` if it is shorter.
  template <class Header>
  Header header() const {
    if (bytes_.size() < sizeof(Header)) throw decode_error("a message is shorter than its header");
    Header made;
    std::memcpy(&made, bytes_.data(), sizeof made);
    return made;
  }
  template <class Header>
  std::span<const std::byte> after() const noexcept {
    return bytes_.subspan(sizeof(Header));
  }

 private:
  byte_buffer own_;
  std::span<const std::byte> bytes_;  // of `own_` too: a buffer that is moved keeps its memory
};

template <>
struct packing<parcel> {
  static constexpr bool is_fixed = false;
  static std::span<const std::byte> pack(const parcel& value, byte_buffer&) noexcept { return value.bytes(); }
  static byte_buffer large(const parcel& value) {
    byte_buffer made;
    made.append(value.bytes().data(), value.bytes().size());
    return made;
  }
  static parcel unpack(std::span<const std::byte> bytes) noexcept { return parcel(bytes); }
  static byte_buffer room(std::uint64_t bytes) {
    byte_buffer made;
    made.resize(static_cast<std::size_t>(bytes));
    return made;
  }
  static parcel unpack_large(byte_buffer bytes) noexcept { return parcel(std::move(bytes)); }
};

}  // namespace weft::detail
