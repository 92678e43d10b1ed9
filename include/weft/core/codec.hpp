// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/core/decoder.hpp>

/// How any value becomes bytes and back; docs/values.md says what may be sent and gives the wire format.
namespace weft {

/// Appends `value` to `out`. Into a buffer with capacity nothing is allocated. Throws `usage_error` for a variant
/// without value and for more than 1000 nested objects; then, and if a serialize function throws, `out` keeps its size.
template <class T>
void encode(byte_buffer& out, const T& value);

/// Replaces `value` by the next one of `in`, keeping storage that it has where possible. Throws `decode_error` when the
/// bytes are no encoding of a `T`; then `value` is valid but unspecified.
template <class T>
void decode(reader& in, T& value);

/// The header of a value that travels as one message: 16 bytes, then the payload to the end of the message.
struct message_header {
  static constexpr std::uint32_t magic_number = 0x74666577;  ///< "weft", little-endian
  std::uint32_t magic = magic_number;
  std::uint32_t format = 0;  ///< detail::payload_format
  std::uint64_t type = 0;    ///< type_hash of the value
};
static_assert(sizeof(message_header) == 16);

/// Appends `value` as one message: header and payload. Throws as `encode`.
template <class T>
void encode_message(byte_buffer& out, const T& value);

/// Replaces `value` by the one in `message`, which must be exactly one message of the same type. Throws `decode_error`.
template <class T>
void decode_message(std::span<const std::byte> message, T& value);

template <class T>
T decode_message(std::span<const std::byte> message) {
  T value{};
  decode_message(message, value);
  return value;
}

namespace detail {

/// The header of `message`, checked against the type expected.
payload_format check_header(reader& in, std::uint64_t expected_type, std::string_view expected_name);
void check_end(const reader& in);
[[noreturn]] void throw_full_payload(std::string_view type);

template <class T>
consteval void assert_sendable() {
  static_assert(!std::is_pointer_v<T>, "weft: an address means nothing in another process; send what it points to");
}

// Writes the payload and tells how.
template <class T>
payload_format encode_payload(byte_buffer& out, const T& value) {
  assert_sendable<T>();
  const std::size_t start = out.size();
  encoder<T> light(out);
  light.value(value);
  if (light.full() != nullptr) {
    out.resize(start);
    light.full()(out, value);
    return payload_format::full;
  }
  light.finish();
  return payload_format::light;
}

template <class T>
void decode_payload(reader& in, payload_format format, T& value) {
  assert_sendable<T>();
  if (format == payload_format::light) return decoder<T>(in).value(value);
  if (full_decoding<T>::decode == nullptr) throw_full_payload(type_name<T>());
  full_decoding<T>::decode(in, value);
}

// Cuts a buffer back to its size at construction unless told that all went well.
class undo_append {
 public:
  explicit undo_append(byte_buffer& out) noexcept : out_(&out), size_(out.size()) {}
  ~undo_append() {
    if (out_ != nullptr) out_->resize(size_);
  }
  undo_append(const undo_append&) = delete;
  undo_append& operator=(const undo_append&) = delete;
  std::size_t size() const noexcept { return size_; }
  void keep() noexcept { out_ = nullptr; }

 private:
  byte_buffer* out_;
  std::size_t size_;
};

}  // namespace detail

template <class T>
void encode(byte_buffer& out, const T& value) {
  if constexpr (is_bytes<T>) {
    out.append(&value, sizeof value);
  } else {
    detail::undo_append undo(out);
    out.reserve_more(1);
    out.resize(undo.size() + 1);
    out.data()[undo.size()] = static_cast<std::byte>(detail::encode_payload(out, value));
    undo.keep();
  }
}

template <class T>
void decode(reader& in, T& value) {
  if constexpr (is_bytes<T>) {
    detail::decoder<T>(in).value(value);
  } else {
    std::uint8_t format = in.byte();
    if (format != 1 && format != 2) in.throw_invalid("the format of a payload");
    detail::decode_payload(in, static_cast<detail::payload_format>(format), value);
  }
}

template <class T>
void encode_message(byte_buffer& out, const T& value) {
  detail::undo_append undo(out);
  message_header header;
  header.type = type_hash<T>;
  out.append(&header, sizeof header);
  header.format = static_cast<std::uint32_t>(detail::encode_payload(out, value));
  std::memcpy(out.data() + undo.size(), &header, sizeof header);
  undo.keep();
}

template <class T>
void decode_message(std::span<const std::byte> message, T& value) {
  reader in(message);
  detail::payload_format format = detail::check_header(in, type_hash<T>, type_name<T>());
  detail::decode_payload(in, format, value);
  detail::check_end(in);
}

}  // namespace weft
