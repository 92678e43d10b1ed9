// SPDX-License-Identifier: BSL-1.0
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <weft/core/planted_fault.hpp>
#include <weft/journal/errors.hpp>
#include <weft/journal/reader.hpp>

#include "segment_walk.hpp"

namespace weft {

namespace layout = journal_format;

namespace {

using detail::open_segments;
using detail::segment_walk;

constexpr std::string_view how_to_go_on = "; what stood there is lost unless a copy of the file is put back";

[[noreturn]] void throw_damage(const std::string& file, std::uint64_t offset, std::string_view why) {
  throw journal_damaged(fmt::format("{} is damaged at byte {}: {}{}", file, offset, why, how_to_go_on), file, offset);
}

bool has_whole_snapshot(const open_segments& segments, std::size_t at) {
  if (!segments[at].header || !segments[at].header->begins_snapshot) return false;
  segment_walk walk(segments, at);
  while (const auto record = walk.next()) {
    if (record->type == layout::snapshot_end_type) return true;
    if (!record->in_snapshot) return false;
  }
  WEFT_REACHED("journal.unfinished_snapshot_is_passed_over");
  return WEFT_PLANTED("journal.unfinished_snapshot_counts");
}

journal_witness witness_of(const std::byte* payload) noexcept {
  journal_witness seen;
  std::memcpy(&seen.writer, payload, sizeof seen.writer);
  std::memcpy(&seen.durable, payload + 8, sizeof seen.durable);
  return seen;
}

/// One journal being read.
class reading {
 public:
  reading(journal_folder& folder, damage_policy policy, std::uint32_t writer)
      : folder_(folder), policy_(policy), segments_(folder, writer) {
    summary_.writer = writer;
    summary_.end_file = folder.path_of(layout::file_name({folder.run().live, writer, 0}));
  }

  template <class Visit>
  journal_summary run(Visit visit) {
    const auto start = start_segment();
    if (!start) {
      find_end_of_snapshot();
      refuse("the epoch file says that this journal was begun, and no whole snapshot is left of it");
      return std::move(summary_);
    }
    segment_walk walk(segments_, *start);
    do {
      visit_all(walk, visit);
    } while (is_damaged(walk));
    note_cut(walk);
    return std::move(summary_);
  }

 private:
  /// The segment with the newest whole snapshot.
  std::optional<std::size_t> start_segment() const {
    for (std::size_t i = segments_.count(); i-- > 0;) {
      if (has_whole_snapshot(segments_, i)) return i;
    }
    return {};
  }

  /// Where the oldest segment that is left stops being readable.
  void find_end_of_snapshot() {
    if (segments_.count() == 0) return;
    segment_walk walk(segments_, 0);
    while (walk.next()) {
    }
    set_end(walk);
    if (!segments_[0].header) summary_.end_offset = 0;
  }

  template <class Visit>
  void visit_all(segment_walk& walk, Visit& visit) {
    while (const auto record = walk.next()) {
      summary_.end = walk.position();
      if (record->type == layout::snapshot_end_type) is_past_snapshot_ = true;
      if (record->type == layout::witness_type && record->length >= 16)
        summary_.witnesses.push_back(witness_of(walk.payload()));
      // A snapshot that was under way at the end replaces nothing.
      const bool is_of_unfinished = record->in_snapshot && is_past_snapshot_;
      if (record->type >= layout::first_own_type || is_of_unfinished) continue;
      ++summary_.records;
      visit(journal_record{record->type,
                           {walk.payload(), record->length},
                           record->epoch,
                           summary_.writer,
                           walk.position(),
                           record->in_snapshot});
    }
  }

  /// Throws if what follows the end had been acknowledged. True if it is to be read again: a file system that shows a
  /// piece of a file late makes it look like a gap before a later record.
  bool is_damaged(segment_walk& walk) {
    const std::uint64_t acknowledged = walk.acknowledged_behind();
    const bool is_vouched_for = acknowledged > walk.position();
    const auto& header = segments_[walk.segment()].header;
    // A file that lacks its end is no harm where zeros stand between its last record and its end.
    const bool is_short = header && walk.loaded_bytes() < header->bytes && !walk.ends_clean_here();
    if (!is_vouched_for && !is_short) return false;
    if (std::exchange(reloaded_at_, walk.position()) != walk.position()) {
      walk.reload();
      return true;
    }
    set_end(walk);
    if (is_vouched_for) {
      refuse(
          fmt::format("no whole record is there, and what was written later says that everything up to {} bytes "
                      "further on had been acknowledged",
                      acknowledged - walk.position()));
    } else {
      refuse(fmt::format("the file was made {} bytes long and has been cut", header->bytes));
    }
    return false;
  }

  void refuse(std::string_view why) {
    if (policy_ != damage_policy::refuse) return;
    folder_.throw_if_overtaken();  // a later start removes what this one reads: that is no damage
    throw_damage(summary_.end_file, summary_.end_offset, why);
  }

  void set_end(const segment_walk& walk) {
    std::size_t at = walk.segment();
    summary_.end_offset = walk.offset();
    // A next segment with a header of its own says that what is missing stood in this one.
    const bool has_unreadable_next = at + 1 < segments_.count() && !segments_[at + 1].header;
    if (has_unreadable_next && walk.ends_clean_here() &&
        (walk.bytes_behind() > 0 || !segments_[at + 1].has_first_page)) {
      ++at;
      summary_.end_offset = 0;
    }
    summary_.end_file = segments_[at].path;
  }

  void note_cut(const segment_walk& walk) {
    const std::uint64_t bytes = walk.bytes_behind();
    if (bytes > 0) {
      set_end(walk);
      summary_.cut = journal_cut{summary_.end_file, summary_.end_offset, bytes};
      return;
    }
    summary_.end_file = segments_[walk.segment()].path;
    summary_.end_offset = walk.offset();
  }

  journal_folder& folder_;
  damage_policy policy_;
  open_segments segments_;
  bool is_past_snapshot_ = false;
  std::optional<journal_position> reloaded_at_;
  journal_summary summary_;
};

}  // namespace

journal_summary journal_reader::read(std::uint32_t writer, visitor visit, void* to) {
  return reading(folder_, policy_, writer).run([&](const journal_record& record) { visit(to, record); });
}

void journal_reader::check_witnesses(std::span<const journal_summary> mine,
                                     std::span<const journal_witness> witnesses) const {
  if (policy_ != damage_policy::refuse) return;
  for (const journal_witness& witness : witnesses) {
    for (const journal_summary& each : mine) {
      if (each.writer != witness.writer || each.end >= witness.durable) continue;
      throw_damage(
          each.end_file, each.end_offset,
          fmt::format("another journal says that {} bytes more had been acknowledged", witness.durable - each.end));
    }
  }
}

std::string describe(const journal_cut& cut) {
  return fmt::format(
      "cut {} bytes at byte {} of {}: they are no whole records, and nothing says that they were acknowledged",
      cut.bytes, cut.offset, cut.file);
}

}  // namespace weft
