// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The bytes of a journal, as docs/journal.md specifies them. Pure functions: no file is touched here.
namespace weft::journal_format {

inline constexpr std::uint32_t version = 1;
inline constexpr std::size_t segment_header_bytes = 4096;  ///< records begin on a page of their own
inline constexpr std::size_t record_header_bytes = 32;
inline constexpr std::size_t alignment = 8;
/// Places in the first page, each in a sector of its own, for records without payload whose header says how far this
/// journal has acknowledged. The first two are written in turn when nothing follows what was acknowledged, the third
/// when something in the next segment was.
inline constexpr std::size_t mark_places = 2;
constexpr std::uint64_t mark_offset(std::size_t place) noexcept { return 512 * (1 + place); }
inline constexpr std::uint32_t longest_payload = 1u << 30;

/// Types from here on are the journal's own; programs use those below.
inline constexpr std::uint16_t first_own_type = 0xff00;
inline constexpr std::uint16_t mark_type = 0xff01;     ///< stands in a mark place of the first page only
inline constexpr std::uint16_t witness_type = 0xff02;  ///< u32 writer, u32 zero, u64 position
inline constexpr std::uint16_t snapshot_end_type = 0xff03;

/// Which file this is: its name says the same.
struct segment_name {
  std::uint32_t epoch = 0;
  std::uint32_t writer = 0;
  std::uint32_t number = 0;
  friend bool operator==(const segment_name&, const segment_name&) = default;
};

struct segment_header {
  segment_name name;
  std::uint64_t identity = 0;      ///< of the folder: a file that was copied from another one is not read
  std::uint64_t first = 0;         ///< position of the first record
  std::uint64_t acknowledged = 0;  ///< what the writer had acknowledged when it wrote this header
  std::uint64_t bytes = 0;         ///< size of the file, forced before the header was written
  bool begins_snapshot = false;
};

struct record_header {
  std::uint32_t length = 0;        ///< of the payload
  std::uint64_t position = 0;      ///< of the record's first byte
  std::uint64_t acknowledged = 0;  ///< what the writer had acknowledged when it appended this record
  std::uint32_t epoch = 0;
  std::uint16_t type = 0;
  bool in_snapshot = false;
};

/// What the epoch file says: the run that owns the folder, and which epoch's journals hold the truth.
struct epoch_state {
  std::uint32_t epoch = 0;    ///< of the newest run: it alone acknowledges
  std::uint32_t live = 0;     ///< epoch whose journals are read at a restart; 0: none yet
  std::uint32_t writers = 0;  ///< the live journals are those of writers 0 ... writers - 1
  std::uint64_t identity = 0;
  bool is_settled = false;  ///< `live` is known to be forced: its journals may acknowledge
  friend bool operator==(const epoch_state&, const epoch_state&) = default;
};

/// What a record with this payload takes in the file.
constexpr std::uint64_t record_bytes(std::uint64_t payload) noexcept {
  return (record_header_bytes + payload + alignment - 1) / alignment * alignment;
}

/// "00000003-00000000-0000000a.journal".
std::string file_name(const segment_name& name);
std::optional<segment_name> parse_file_name(std::string_view text);

/// The seed of the checksums of a journal's records: those of another journal, run or folder never pass for this one's.
std::uint32_t record_seed(std::uint32_t epoch, std::uint32_t writer, std::uint64_t identity) noexcept;

/// Writes a header, its checksum included, into `segment_header_bytes` bytes.
void encode(const segment_header& header, std::span<std::byte> out) noexcept;
std::optional<segment_header> decode_segment_header(std::span<const std::byte> in) noexcept;

/// Writes a record of `record_bytes` bytes; `out` may be longer. The payload comes in two pieces, put together.
void encode(const record_header& header, std::span<const std::byte> head, std::span<const std::byte> body,
            std::uint32_t seed, std::byte* out) noexcept;
/// The record at the beginning of `in`, if there is a whole one whose checksum is right; its payload follows the
/// header.
std::optional<record_header> decode_record(std::span<const std::byte> in, std::uint32_t seed) noexcept;
/// The length field of a record that is known to be right.
std::uint32_t payload_length(const std::byte* record) noexcept;

inline constexpr std::size_t epoch_bytes = 40;
void encode(const epoch_state& state, std::span<std::byte> out) noexcept;
std::optional<epoch_state> decode_epoch(std::span<const std::byte> in) noexcept;

}  // namespace weft::journal_format
