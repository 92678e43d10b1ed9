// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <weft/core/bytes.hpp>
#include <weft/journal/folder.hpp>
#include <weft/journal/format.hpp>

namespace weft::detail {

/// The segments of one journal, all opened before the first is read: a writer of the old run that compacts meanwhile
/// removes names, but not what is open.
class open_segments {
 public:
  struct segment {
    journal_format::segment_name name;
    std::string path;
    file_id file = file_id::none;
    std::optional<journal_format::segment_header> header;
    bool has_first_page = false;
    std::uint64_t acknowledged = 0;  ///< what its header and its marks say
  };

  /// Those of the live epoch.
  open_segments(journal_folder& folder, std::uint32_t writer);
  ~open_segments();
  open_segments(const open_segments&) = delete;
  open_segments& operator=(const open_segments&) = delete;

  std::size_t count() const noexcept { return segments_.size(); }
  const segment& operator[](std::size_t i) const noexcept { return segments_[i]; }
  /// All bytes of a file, anew.
  void load(std::size_t i, byte_buffer& bytes) const;
  std::uint32_t seed() const noexcept { return seed_; }

 private:
  bool open_all(std::uint32_t writer);
  void close_all() noexcept;
  void read_header(segment& of);

  journal_folder& folder_;
  std::uint32_t seed_;
  std::vector<segment> segments_;
};

/// Goes through the records of a journal from the beginning of a segment on, as long as they are right and follow each
/// other. Where it ends it can tell what stands behind.
class segment_walk {
 public:
  segment_walk(const open_segments& segments, std::size_t from);

  /// The next record, or none. Its payload is at `payload()`.
  std::optional<journal_format::record_header> next();
  const std::byte* payload() const noexcept { return payload_; }

  std::size_t segment() const noexcept { return index_; }
  std::uint64_t offset() const noexcept { return offset_; }
  std::uint64_t position() const noexcept { return position_; }
  std::uint64_t loaded_bytes() const noexcept { return bytes_.size(); }
  /// Looks at the file again: a rank of the old run may have filled in what was missing.
  void reload() { segments_.load(index_, bytes_); }

  /// The furthest position that anything behind the end says was acknowledged.
  std::uint64_t acknowledged_behind() const;
  /// How many bytes stand behind the end, up to the last one that is not zero, in this and later segments.
  std::uint64_t bytes_behind() const;
  /// Whether there are zeros only behind the end in this segment, one record header's at least unless it is full.
  bool ends_clean_here() const;

 private:
  std::optional<journal_format::record_header> record_here();
  bool go_to(std::size_t index);
  void search(std::span<const std::byte> bytes, std::uint64_t from, std::optional<std::uint64_t> first,
              std::uint64_t& acknowledged) const;

  const open_segments& segments_;
  std::size_t index_;
  std::uint64_t offset_ = journal_format::segment_header_bytes;
  std::uint64_t position_ = 0;
  const std::byte* payload_ = nullptr;
  byte_buffer bytes_;
};

}  // namespace weft::detail
