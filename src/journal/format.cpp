// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>
#include <weft/core/crc32c.hpp>
#include <weft/journal/format.hpp>

namespace weft::journal_format {
namespace {

static_assert(std::endian::native == std::endian::little, "a journal's numbers are little-endian");

constexpr std::string_view suffix = ".journal";
constexpr std::array<char, 8> segment_magic{'w', 'e', 'f', 't', 'j', 'r', 'n', 'l'};
constexpr std::array<char, 8> epoch_magic{'w', 'e', 'f', 't', 'e', 'p', 'o', 'c'};
constexpr std::uint32_t snapshot_flag = 1;
constexpr std::uint32_t settled_flag = 1;

// Places of the fields.
namespace segment_at {
constexpr std::size_t magic = 0, version = 8, flags = 12, identity = 16, epoch = 24, writer = 28, number = 32,
                      first = 40, acknowledged = 48, bytes = 56, crc = 64;
}
namespace record_at {
constexpr std::size_t crc = 0, length = 4, position = 8, acknowledged = 16, epoch = 24, type = 28, flags = 30;
}
namespace epoch_at {
constexpr std::size_t magic = 0, version = 8, epoch = 12, live = 16, writers = 20, identity = 24, flags = 32, crc = 36;
}

template <class T>
void put(std::byte* out, std::size_t at, const T& value) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(out + at, &value, sizeof value);
}

template <class T>
T get(const std::byte* in, std::size_t at) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, in + at, sizeof value);
  return value;
}

void put_hex(char* out, std::uint32_t value) noexcept {
  for (int digit = 7; digit >= 0; --digit, value >>= 4) out[digit] = "0123456789abcdef"[value & 15u];
}

bool get_hex(std::string_view text, std::uint32_t& value) noexcept {
  value = 0;
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (c < 'a' || c > 'f')) return false;
    value = (value << 4) | static_cast<std::uint32_t>(is_digit ? c - '0' : c - 'a' + 10);
  }
  return true;
}

}  // namespace

std::string file_name(const segment_name& name) {
  std::string text = "00000000-00000000-00000000";
  put_hex(&text[0], name.epoch);
  put_hex(&text[9], name.writer);
  put_hex(&text[18], name.number);
  return text.append(suffix);
}

std::optional<segment_name> parse_file_name(std::string_view text) {
  if (text.size() != 26 + suffix.size() || text.substr(26) != suffix || text[8] != '-' || text[17] != '-') return {};
  segment_name name;
  const bool is_right = get_hex(text.substr(0, 8), name.epoch) && get_hex(text.substr(9, 8), name.writer) &&
                        get_hex(text.substr(18, 8), name.number);
  if (!is_right) return {};
  return name;
}

std::uint32_t record_seed(std::uint32_t epoch, std::uint32_t writer, std::uint64_t identity) noexcept {
  std::array<std::byte, 16> all;
  put(all.data(), 0, identity);
  put(all.data(), 8, epoch);
  put(all.data(), 12, writer);
  return crc32c(all.data(), all.size());
}

void encode(const segment_header& header, std::span<std::byte> out) noexcept {
  std::fill(out.begin(), out.end(), std::byte{0});
  std::byte* to = out.data();
  put(to, segment_at::magic, segment_magic);
  put(to, segment_at::version, version);
  put(to, segment_at::flags, header.begins_snapshot ? snapshot_flag : 0u);
  put(to, segment_at::identity, header.identity);
  put(to, segment_at::epoch, header.name.epoch);
  put(to, segment_at::writer, header.name.writer);
  put(to, segment_at::number, header.name.number);
  put(to, segment_at::first, header.first);
  put(to, segment_at::acknowledged, header.acknowledged);
  put(to, segment_at::bytes, header.bytes);
  put(to, segment_at::crc, crc32c(to, segment_at::crc));
}

std::optional<segment_header> decode_segment_header(std::span<const std::byte> in) noexcept {
  const std::byte* from = in.data();
  if (in.size() < segment_header_bytes || get<std::array<char, 8>>(from, segment_at::magic) != segment_magic ||
      get<std::uint32_t>(from, segment_at::crc) != crc32c(from, segment_at::crc) ||
      get<std::uint32_t>(from, segment_at::version) != version) {
    return {};
  }
  segment_header header;
  header.begins_snapshot = (get<std::uint32_t>(from, segment_at::flags) & snapshot_flag) != 0;
  header.identity = get<std::uint64_t>(from, segment_at::identity);
  header.name = {get<std::uint32_t>(from, segment_at::epoch), get<std::uint32_t>(from, segment_at::writer),
                 get<std::uint32_t>(from, segment_at::number)};
  header.first = get<std::uint64_t>(from, segment_at::first);
  header.acknowledged = get<std::uint64_t>(from, segment_at::acknowledged);
  header.bytes = get<std::uint64_t>(from, segment_at::bytes);
  return header;
}

void encode(const record_header& header, std::span<const std::byte> head, std::span<const std::byte> body,
            std::uint32_t seed, std::byte* out) noexcept {
  put(out, record_at::length, header.length);
  put(out, record_at::position, header.position);
  put(out, record_at::acknowledged, header.acknowledged);
  put(out, record_at::epoch, header.epoch);
  put(out, record_at::type, header.type);
  put(out, record_at::flags, static_cast<std::uint16_t>(header.in_snapshot ? snapshot_flag : 0u));
  std::byte* payload = out + record_header_bytes;
  if (!head.empty()) std::memcpy(payload, head.data(), head.size());
  if (!body.empty()) std::memcpy(payload + head.size(), body.data(), body.size());
  const std::size_t used = record_header_bytes + header.length;
  std::memset(out + used, 0, record_bytes(header.length) - used);
  put(out, record_at::crc, crc32c(out + record_at::length, used - record_at::length, seed));
}

std::uint32_t payload_length(const std::byte* record) noexcept { return get<std::uint32_t>(record, record_at::length); }

std::optional<record_header> decode_record(std::span<const std::byte> in, std::uint32_t seed) noexcept {
  if (in.size() < record_header_bytes) return {};
  const std::byte* from = in.data();
  record_header header;
  header.length = payload_length(from);
  header.epoch = get<std::uint32_t>(from, record_at::epoch);
  if (header.epoch == 0 || header.length > longest_payload || record_bytes(header.length) > in.size()) return {};
  const std::size_t summed = record_header_bytes + header.length - record_at::length;
  if (get<std::uint32_t>(from, record_at::crc) != crc32c(from + record_at::length, summed, seed)) return {};
  header.position = get<std::uint64_t>(from, record_at::position);
  header.acknowledged = get<std::uint64_t>(from, record_at::acknowledged);
  header.type = get<std::uint16_t>(from, record_at::type);
  header.in_snapshot = (get<std::uint16_t>(from, record_at::flags) & snapshot_flag) != 0;
  return header;
}

void encode(const epoch_state& state, std::span<std::byte> out) noexcept {
  std::fill(out.begin(), out.end(), std::byte{0});
  std::byte* to = out.data();
  put(to, epoch_at::magic, epoch_magic);
  put(to, epoch_at::version, version);
  put(to, epoch_at::epoch, state.epoch);
  put(to, epoch_at::live, state.live);
  put(to, epoch_at::writers, state.writers);
  put(to, epoch_at::identity, state.identity);
  put(to, epoch_at::flags, state.is_settled ? settled_flag : 0u);
  put(to, epoch_at::crc, crc32c(to, epoch_at::crc));
}

std::optional<epoch_state> decode_epoch(std::span<const std::byte> in) noexcept {
  const std::byte* from = in.data();
  if (in.size() < epoch_bytes || get<std::array<char, 8>>(from, epoch_at::magic) != epoch_magic ||
      get<std::uint32_t>(from, epoch_at::crc) != crc32c(from, epoch_at::crc) ||
      get<std::uint32_t>(from, epoch_at::version) != version) {
    return {};
  }
  return epoch_state{get<std::uint32_t>(from, epoch_at::epoch), get<std::uint32_t>(from, epoch_at::live),
                     get<std::uint32_t>(from, epoch_at::writers), get<std::uint64_t>(from, epoch_at::identity),
                     (get<std::uint32_t>(from, epoch_at::flags) & settled_flag) != 0};
}

}  // namespace weft::journal_format
