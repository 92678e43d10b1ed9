// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <weft/core/planted_fault.hpp>
#include <weft/journal/errors.hpp>
#include <weft/journal/journal.hpp>

namespace weft {

namespace layout = journal_format;

namespace {

/// A journal that forces nothing marks what it has acknowledged only after so many polls without work: a mark for each
/// small batch would double its writes.
constexpr int polls_before_mark = 2;

constexpr std::uint64_t smallest_segment = layout::segment_header_bytes + 4096;

}  // namespace

journal::journal(journal_folder& folder, std::uint32_t writer, journal_options options)
    : folder_(folder),
      options_(options),
      next_{folder.run().epoch, writer, 0},
      seed_(layout::record_seed(folder.run().epoch, writer, folder.run().identity)),
      current_(folder.files()),
      previous_(folder.files()),
      spare_(folder, options.kept == durability::synced) {
  if (folder.run().epoch == 0 || !folder.ready())
    throw usage_error("a journal needs a folder that is claimed or joined");
  options_.segment_bytes = std::max(options_.segment_bytes, smallest_segment) / layout::alignment * layout::alignment;
  spare_.prepare(next_, options_.segment_bytes);
}

// --- appending -------------------------------------------------------------------------------------------------------

journal_position journal::append(std::uint16_t type, std::span<const std::byte> head, std::span<const std::byte> body) {
  require_usable();
  if (!has_snapshot_) throw usage_error("a journal begins with a snapshot: call compact() before append()");
  if (type >= layout::first_own_type) throw usage_error("record types from 0xff00 on are the journal's own");
  return wanted_ = push(type, head, body);
}

void journal::require_usable() const {
  if (failure_) [[unlikely]]
    std::rethrow_exception(failure_);
}

journal_position journal::push(std::uint16_t type, std::span<const std::byte> head, std::span<const std::byte> body) {
  const std::uint64_t payload = head.size() + body.size();
  if (payload > layout::longest_payload) throw usage_error("a record of a journal holds at most 1 GiB");
  const std::size_t bytes = layout::record_bytes(payload);
  pending_.reserve_more(bytes);
  const std::size_t at = pending_.size();
  pending_.resize(at + bytes);
  layout::encode({static_cast<std::uint32_t>(payload), appended_, durable_, next_.epoch, type, in_snapshot_}, head,
                 body, seed_, pending_.data() + at);
  return appended_ += bytes;
}

void journal::witness(std::uint32_t writer, journal_position durable) {
  require_usable();
  std::array<std::byte, 16> payload{};
  std::memcpy(payload.data(), &writer, sizeof writer);
  std::memcpy(payload.data() + 8, &durable, sizeof durable);
  push(layout::witness_type, payload, {});
}

// --- snapshots -------------------------------------------------------------------------------------------------------

journal::snapshot_draft journal::begin_snapshot() {
  require_usable();
  if (compacting_ || in_snapshot_) throw usage_error("the journal's last snapshot is not complete yet");
  const snapshot_draft before{pending_.size(), wanted_, has_snapshot_};
  in_snapshot_ = has_snapshot_ = true;
  return before;
}

void journal::drop_snapshot(const snapshot_draft& before) noexcept {
  appended_ -= pending_.size() - before.pending_bytes;
  pending_.resize(before.pending_bytes);
  wanted_ = before.wanted;
  has_snapshot_ = before.had_snapshot;
  in_snapshot_ = false;
}

journal_position journal::end_snapshot(const snapshot_draft& before) {
  wanted_ = push(layout::snapshot_end_type, {}, {});
  snapshot_begin_ = appended_ - (pending_.size() - before.pending_bytes);
  snapshot_end_ = wanted_;
  in_snapshot_ = false;
  compacting_ = snapshot_starts_segment_ = true;
  return wanted_;
}

// --- writing ---------------------------------------------------------------------------------------------------------

bool journal::poll() {
  require_usable();
  if (in_snapshot_) throw usage_error("a journal is not polled while its snapshot is being appended");
  try {
    step();
    if (must_force() && wanted_ > forced_ && !force_.under_way() && written_ > forced_) force_ = forcing();
    if (options_.kept == durability::written && ++idle_polls_ > polls_before_mark) mark_if_idle();
  } catch (...) {
    fail(std::current_exception());
  }
  require_usable();
  return unwritten_bytes() > 0 || !spare_.is_ready() || needed_segment_ > oldest_segment_ || durable_ < wanted_;
}

void journal::step() {
  spare_.advance();
  const journal_position before = written_;
  write_pending();
  if (written_ != before) idle_polls_ = 0;
  acknowledge();
  remove_old_segment();
}

void journal::write_pending() {
  while (unwritten_bytes() > 0) {
    std::uint64_t room = current_.end - written_;
    if (snapshot_starts_segment_) room = std::min(room, snapshot_begin_ - written_);
    const std::size_t bytes = unwritten_bytes() <= room ? unwritten_bytes() : whole_records(room);
    if (bytes == 0) {
      if (!rotate()) return;
      continue;
    }
    const std::uint64_t offset = layout::segment_header_bytes + (written_ - current_.first);
    const std::span<const std::byte> group(pending_.data() + pending_from_, bytes);
    detail::check_storage(current_.files.write(current_.file, offset, group), "write", current_.path);
    ++writes_;
    written_ += bytes;
    WEFT_CRASH_POINT("journal.group_is_written");
    pending_from_ += bytes;
  }
  pending_.clear();
  pending_from_ = 0;
}

/// How many bytes of the records to be written next fit into `room`.
std::size_t journal::whole_records(std::uint64_t room) const noexcept {
  const std::byte* first = pending_.data() + pending_from_;
  std::size_t bytes = 0;
  for (;;) {
    const std::uint64_t next = bytes + layout::record_bytes(layout::payload_length(first + bytes));
    if (next > room) return bytes;
    bytes = next;
  }
}

/// Goes on in the next segment if it is there, and if what stands in this one is forced: one force at a time covers one
/// file. Otherwise false; a later poll or completion tries again.
bool journal::rotate() {
  if (sync_under_way_ || (must_force() && forced_ < written_ && !WEFT_PLANTED("journal.goes_on_before_the_force")))
    return false;
  const std::uint64_t needed =
      layout::segment_header_bytes + layout::record_bytes(layout::payload_length(pending_.data() + pending_from_));
  if (!spare_.is_ready()) {
    WEFT_REACHED("journal.segment_is_not_ready");
    return false;
  }
  if (spare_.bytes() < needed) {
    spare_.prepare(next_, needed);
    return false;
  }
  const std::uint64_t bytes = spare_.bytes();
  const bool begins_snapshot = snapshot_starts_segment_ && snapshot_begin_ == written_;
  const layout::segment_header header{next_, folder_.run().identity, written_, durable_, bytes, begins_snapshot};
  std::array<std::byte, layout::segment_header_bytes> page;
  layout::encode(header, page);
  previous_.close();
  previous_.file = std::exchange(current_.file, file_id::none);
  previous_.path = std::move(current_.path);
  current_.path = spare_.path();
  current_.file = spare_.take();
  current_.first = written_;
  current_.end = written_ + (bytes - layout::segment_header_bytes);
  detail::check_storage(current_.files.write(current_.file, 0, page), "write", current_.path);
  claimed_ = durable_;
  marks_ = 0;
  WEFT_CRASH_POINT("journal.segment_is_begun");
  if (begins_snapshot) {
    snapshot_starts_segment_ = false;
    snapshot_segment_ = next_.number;
  }
  ++next_.number;
  spare_.prepare(next_, options_.segment_bytes);
  return true;
}

// --- forcing and acknowledging ---------------------------------------------------------------------------------------

detail::storage_sequence journal::forcing() {
  while (must_force() && wanted_ > forced_ && written_ > forced_) {
    const journal_position to = written_;
    sync_under_way_ = true;
    const storage_result result = co_await detail::storage_wait::sync(current_.files, current_.file);
    sync_under_way_ = false;
    if (failure_) co_return;
    try {
      detail::check_storage(result, "force", current_.path);
      ++forces_;
      WEFT_CRASH_POINT("journal.group_is_forced");
      note_forced(WEFT_PLANTED("journal.force_covers_later_writes") ? written_ : to);
      // What came meanwhile is written at once and goes into the next force, unless a snapshot is being put together.
      if (!in_snapshot_) step();
    } catch (...) {
      fail(std::current_exception());
      co_return;
    }
  }
}

void journal::note_forced(journal_position to) {
  forced_ = to;
  if (!compacting_ || (forced_ < snapshot_end_ && !WEFT_PLANTED("journal.old_segments_go_early"))) return;
  compacting_ = false;
  needed_segment_ = snapshot_segment_;
}

/// The rule of the fence: what is durable is acknowledged only if the epoch file, read after it became durable, still
/// shows this run.
void journal::acknowledge() {
  const journal_position reached =
      options_.kept == durability::synced && !WEFT_PLANTED("journal.acknowledges_what_is_written") ? forced_ : written_;
  if (reached <= durable_ || durable_ >= wanted_ || !folder_.may_acknowledge()) return;
  durable_ = reached;
  mark_previous();
  if (options_.kept == durability::synced) mark_if_idle();  // before anybody hears of it
  if (listener_ != nullptr) listener_->on_durable();
}

/// The last group has no later record that says that it was acknowledged, so when nothing else comes a mark says it. It
/// is not forced: the death of all processes does not touch it, and the system writes it out before long.
void journal::mark_if_idle() {
  if (durable_ < wanted_ || claimed_ >= wanted_ || unwritten_bytes() > 0) return;
  write_mark(current_.file, current_.path, marks_++ % layout::mark_places);
  claimed_ = durable_;
}

/// The first acknowledgement in a segment is noted in the one before, or nobody would miss the file.
void journal::mark_previous() {
  if (previous_.file == file_id::none || durable_ <= current_.first) return;
  write_mark(previous_.file, previous_.path, layout::mark_places);
  previous_.close();
}

void journal::write_mark(file_id to, const std::string& path, std::size_t place) {
  std::array<std::byte, layout::record_header_bytes> mark;
  layout::encode({0, durable_, durable_, next_.epoch, layout::mark_type, false}, {}, {}, seed_, mark.data());
  detail::check_storage(folder_.files().write(to, layout::mark_offset(place), mark), "write", path);
}

void journal::remove_old_segment() {
  if (oldest_segment_ >= needed_segment_) return;
  const layout::segment_name name{next_.epoch, next_.writer, oldest_segment_++};
  const std::string path = folder_.path_of(layout::file_name(name));
  const storage_result removed = current_.files.remove(folder_.space(), path);
  if (removed.status != storage_status::missing) detail::check_storage(removed, "remove", path);
}

void journal::fail(std::exception_ptr error) noexcept {
  if (failure_) return;
  failure_ = std::move(error);
  if (listener_ != nullptr) listener_->on_durable();
}

}  // namespace weft
