// SPDX-License-Identifier: BSL-1.0
#include <weft/core/codec.hpp>

#include <string>

#include <fmt/format.h>

namespace weft {

void reader::throw_truncated(std::size_t needed) const {
  throw decode_error(fmt::format("the message is cut short: {} more bytes expected, {} left", needed, remaining()));
}

void reader::throw_too_long(std::uint64_t count) const {
  throw decode_error(fmt::format("a length of {} is more than the {} bytes left can hold", count, remaining()));
}

void reader::throw_invalid(const char* what) const {
  throw decode_error(fmt::format("not an encoded value: {} is invalid, {} bytes before the end", what, remaining()));
}

void reader::throw_version(std::string_view type, unsigned received, unsigned known) const {
  throw decode_error(
      fmt::format("version {} of {} is newer than version {}, which this program knows", received, type, known));
}

namespace detail {

void throw_too_deep_to_encode() {
  throw usage_error(fmt::format("the value nests more than {} objects in each other and cannot be sent", max_depth));
}

void throw_valueless_variant() { throw usage_error("a variant that lost its value to an exception cannot be sent"); }

void throw_full_payload(std::string_view type) {
  throw decode_error(fmt::format("{} holds no pointers here, but was sent as a value that does", type));
}

payload_format check_header(reader& in, std::uint64_t expected_type, std::string_view expected_name) {
  message_header header;
  if (in.remaining() < sizeof header) in.throw_truncated(sizeof header);
  in.raw(&header, sizeof header);
  if (header.magic != message_header::magic_number) {
    throw decode_error(fmt::format("the message is not an encoded value (it starts with {:#010x}); {} was expected",
                                   header.magic, expected_name));
  }
  if (header.type != expected_type) {
    throw decode_error(
        fmt::format("the message holds a value of another type: its type hash is {:016x}, that of {} is {:016x}",
                    header.type, expected_name, expected_type));
  }
  if (header.format != 1 && header.format != 2) in.throw_invalid("the format of a payload");
  return static_cast<payload_format>(header.format);
}

void check_end(const reader& in) {
  if (in.remaining() == 0) return;
  throw decode_error(fmt::format("the message is {} bytes longer than its value", in.remaining()));
}

}  // namespace detail

}  // namespace weft
