// SPDX-License-Identifier: BSL-1.0
#include "segment_walk.hpp"

#include <algorithm>
#include <array>
#include <weft/journal/errors.hpp>

namespace weft::detail {

namespace layout = journal_format;

namespace {

constexpr int most_listings = 20;

/// Behind the last byte from `from` on that is not zero; `from` if all are.
std::uint64_t used_end(std::span<const std::byte> bytes, std::uint64_t from) noexcept {
  std::uint64_t end = bytes.size();
  while (end > from && bytes[end - 1] == std::byte{0}) --end;
  return std::max(end, from);
}

}  // namespace

// --- open_segments ---------------------------------------------------------------------------------------------------

open_segments::open_segments(journal_folder& folder, std::uint32_t writer)
    : folder_(folder), seed_(layout::record_seed(folder.run().live, writer, folder.run().identity)) {
  // A name may go between the listing and the opening; the snapshot that replaced it is there then.
  try {
    for (int listing = 1; !open_all(writer); ++listing) {
      if (listing == most_listings) throw world_error("the files of " + folder.path() + " change all the time", 0);
    }
  } catch (...) {
    close_all();
    throw;
  }
}

open_segments::~open_segments() { close_all(); }

void open_segments::close_all() noexcept {
  for (const segment& each : segments_) {
    if (each.file != file_id::none) folder_.files().close(each.file);
  }
  segments_.clear();
}

bool open_segments::open_all(std::uint32_t writer) {
  close_all();
  std::vector<directory_entry> entries;
  check_storage(folder_.files().list(folder_.space(), folder_.path(), entries), "list", folder_.path());
  for (const directory_entry& entry : entries) {
    const auto name = layout::parse_file_name(entry.name);
    if (!name || name->epoch != folder_.run().live || name->writer != writer) continue;
    segments_.push_back({*name, folder_.path_of(entry.name), file_id::none, {}, false, 0});
  }
  std::sort(segments_.begin(), segments_.end(),
            [](const segment& a, const segment& b) { return a.name.number < b.name.number; });
  for (segment& each : segments_) {
    const storage_result opened = folder_.files().open(folder_.space(), each.path, open_mode::read_only, each.file);
    if (opened.status == storage_status::missing) return false;
    check_storage(opened, "open", each.path);
    read_header(each);
  }
  return true;
}

void open_segments::read_header(segment& of) {
  std::array<std::byte, layout::segment_header_bytes> page;
  std::size_t read = 0;
  check_storage(folder_.files().read(of.file, 0, page, read), "read", of.path);
  of.has_first_page = read == page.size();
  of.header = layout::decode_segment_header(std::span(page).first(read));
  const bool is_ours = of.header && of.header->name == of.name && of.header->identity == folder_.run().identity;
  if (!is_ours) of.header.reset();
  if (of.header) of.acknowledged = of.header->acknowledged;
  for (std::size_t place = 0; place <= layout::mark_places; ++place) {
    const std::uint64_t at = std::min<std::uint64_t>(layout::mark_offset(place), read);
    const auto mark = layout::decode_record(std::span(page).first(read).subspan(at), seed_);
    const bool is_one = mark && mark->type == layout::mark_type && mark->epoch == of.name.epoch;
    if (is_one) of.acknowledged = std::max(of.acknowledged, mark->acknowledged);
  }
}

void open_segments::load(std::size_t i, byte_buffer& bytes) const {
  weft::storage& files = folder_.files();
  std::uint64_t size = 0;
  check_storage(files.size(segments_[i].file, size), "look at", segments_[i].path);
  bytes.clear();
  bytes.resize(size);
  std::size_t read = 0;
  check_storage(files.read(segments_[i].file, 0, {bytes.data(), size}, read), "read", segments_[i].path);
  bytes.resize(read);
}

// --- segment_walk ----------------------------------------------------------------------------------------------------

segment_walk::segment_walk(const open_segments& segments, std::size_t from) : segments_(segments), index_(from) {
  if (segments_[from].header) position_ = segments_[from].header->first;
  segments_.load(index_, bytes_);
}

std::optional<layout::record_header> segment_walk::next() {
  for (;;) {
    if (const auto record = record_here()) {
      payload_ = bytes_.data() + offset_ + layout::record_header_bytes;
      offset_ += layout::record_bytes(record->length);
      position_ += layout::record_bytes(record->length);
      return record;
    }
    if (!go_to(index_ + 1)) return {};
  }
}

std::optional<layout::record_header> segment_walk::record_here() {
  const auto& header = segments_[index_].header;
  if (!header || offset_ >= bytes_.size()) return {};
  const auto record = layout::decode_record(bytes_.bytes().subspan(offset_), segments_.seed());
  if (!record || record->position != position_ || record->epoch != header->name.epoch) return {};
  return record;
}

/// Goes on in a segment that begins exactly where this one ended.
bool segment_walk::go_to(std::size_t index) {
  if (index >= segments_.count()) return false;
  const auto& header = segments_[index].header;
  if (!header || header->first != position_) return false;
  index_ = index;
  offset_ = layout::segment_header_bytes;
  segments_.load(index_, bytes_);
  return true;
}

std::uint64_t segment_walk::acknowledged_behind() const {
  std::uint64_t acknowledged = segments_[index_].acknowledged;
  const auto& here = segments_[index_].header;
  search(bytes_.bytes(), offset_, here ? std::optional(here->first) : std::nullopt, acknowledged);
  byte_buffer later;
  for (std::size_t i = index_ + 1; i < segments_.count(); ++i) {
    const auto& header = segments_[i].header;
    acknowledged = std::max(acknowledged, segments_[i].acknowledged);
    segments_.load(i, later);
    search(later.bytes(), layout::segment_header_bytes, header ? std::optional(header->first) : std::nullopt,
           acknowledged);
  }
  return acknowledged;
}

void segment_walk::search(std::span<const std::byte> bytes, std::uint64_t from, std::optional<std::uint64_t> first,
                          std::uint64_t& acknowledged) const {
  const std::uint64_t end = used_end(bytes, from);
  const std::uint32_t epoch = segments_[index_].name.epoch;
  for (std::uint64_t at = from; at < end;) {
    const auto record = layout::decode_record(bytes.subspan(at), segments_.seed());
    const bool is_one = record && record->epoch == epoch &&
                        (!first || record->position == *first + (at - layout::segment_header_bytes));
    if (is_one) acknowledged = std::max(acknowledged, record->acknowledged);
    at += is_one ? layout::record_bytes(record->length) : layout::alignment;
  }
}

std::uint64_t segment_walk::bytes_behind() const {
  std::uint64_t behind = used_end(bytes_.bytes(), offset_) - std::min<std::uint64_t>(offset_, bytes_.size());
  byte_buffer later;
  for (std::size_t i = index_ + 1; i < segments_.count(); ++i) {
    segments_.load(i, later);
    behind += used_end(later.bytes(), 0);
  }
  return behind;
}

bool segment_walk::ends_clean_here() const {
  const auto& header = segments_[index_].header;
  const std::uint64_t end = header ? header->bytes : bytes_.size();
  const bool is_whole = std::min(end, offset_ + layout::record_header_bytes) <= bytes_.size();
  return is_whole && used_end(bytes_.bytes(), offset_) <= offset_;
}

}  // namespace weft::detail
