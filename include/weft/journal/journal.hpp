// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <exception>
#include <span>
#include <string>

#include <weft/core/bytes.hpp>
#include <weft/journal/folder.hpp>
#include <weft/journal/spare_segment.hpp>
#include <weft/journal/storage_sequence.hpp>

namespace weft {

/// A place in a journal, in bytes from its beginning. `append` gives the place just behind its record, so a record is
/// durable as soon as `durable()` has reached what `append` gave.
using journal_position = std::uint64_t;

/// What a record has to survive before it counts as durable.
enum class durability : std::uint8_t {
  synced,   ///< forced to disk: the node's death
  written,  ///< handed to the file system: the death of every process (promised for node-local file systems only)
};

struct journal_options {
  durability kept = durability::synced;
  std::uint64_t segment_bytes = 16u << 20;  ///< of one file; a longer record gets a longer one
};

/// Told by a journal that `durable()` has moved, or that the journal has failed. May append, must not poll or destroy.
class journal_listener {
 public:
  virtual void on_durable() noexcept = 0;

 protected:
  ~journal_listener() = default;
};

/// One writer's journal of one run: records are appended to memory, written and forced in groups, and acknowledged when
/// they are durable and no later run has come. One thread. Nothing here waits: the owner polls (in every turn in which
/// it appended, at least; what is appended between two polls is written by one call), and the storage's completions
/// go on by themselves: one force is under way at a time, and what comes meanwhile goes into the next one.
///
/// A new journal begins with `compact`: its snapshot holds what was read from the old journals. Nothing is acknowledged
/// before `journal_folder::adopt`.
///
/// Any failure is final. A force that failed may have lost data that the file system will not mention again, a later
/// run may have come (`fenced`): then `poll`, `append` and `compact` throw the first failure, `durable()` stays where
/// it is, and the rank has to end and be started again.
class journal {
 public:
  /// `writer` is this journal's number among those of the run, from 0. The folder must be `ready()` (claimed or joined)
  /// and outlive the journal. Starts making the first segment.
  journal(journal_folder& folder, std::uint32_t writer, journal_options options = {});
  /// What was not written yet is lost; nothing is waited for.
  ~journal() = default;
  journal(const journal&) = delete;
  journal& operator=(const journal&) = delete;

  /// Appends a record; copies the payload, allocates nothing once the buffer has grown, writes nothing yet. `type` is
  /// the program's, below `journal_format::first_own_type`; at most `journal_format::longest_payload` bytes. Throws
  /// `usage_error` before the first `compact`.
  journal_position append(std::uint16_t type, std::span<const std::byte> payload) { return append(type, payload, {}); }
  /// The same with a payload in two pieces, which are read back as one.
  journal_position append(std::uint16_t type, std::span<const std::byte> head, std::span<const std::byte> body);

  /// Notes that another writer's journal has acknowledged up to `durable` (a message said so): if that journal turns
  /// out to be damaged before there, the restart notices. Goes with the next write; forces nothing.
  void witness(std::uint32_t writer, journal_position durable);

  /// Replaces everything before by a snapshot: `write(*this)` appends the records that are the whole state now, and
  /// what is appended later comes on top. Older segments are removed once the snapshot is forced. The snapshot passes
  /// through memory. One at a time (`compacting()`), else `usage_error`; if `write` throws, nothing has happened.
  template <class Write>
  journal_position compact(Write&& write) {
    const snapshot_draft before = begin_snapshot();
    try {
      write(*this);
    } catch (...) {
      drop_snapshot(before);
      throw;
    }
    return end_snapshot(before);
  }
  bool compacting() const noexcept { return compacting_; }

  /// Writes what was appended, starts a force if one is due, and goes on with the next segment. Returns whether there
  /// is more to do that only further polls will do.
  bool poll();
  /// A force is under way: what is appended now is written when it ends, by its completion.
  bool is_forcing() const noexcept { return sync_under_way_; }
  /// There is something to do that no completion goes on with, only the next poll.
  bool wants_poll() const noexcept {
    if (failure_ || spare_.wants_advance() || needed_segment_ > oldest_segment_) return true;
    if (options_.kept == durability::written && claimed_ < wanted_ && durable_ >= wanted_) return true;  // a mark is due
    return unwritten_bytes() > 0 && !sync_under_way_ && spare_.is_ready();
  }
  /// Told of progress; nullptr: nobody.
  void set_listener(journal_listener* listener) noexcept { listener_ = listener; }

  journal_position end() const noexcept { return wanted_; }       ///< of what was appended
  journal_position written() const noexcept { return written_; }  ///< handed to the file system
  journal_position forced() const noexcept { return forced_; }    ///< on disk
  /// Everything before is durable in the chosen sense, and was while this run owned the folder: it may be acknowledged.
  journal_position durable() const noexcept { return durable_; }
  bool failed() const noexcept { return failure_ != nullptr; }

  /// Since the last snapshot began; grows until the owner compacts.
  std::uint64_t bytes_since_snapshot() const noexcept { return wanted_ - snapshot_begin_; }
  std::size_t unwritten_bytes() const noexcept { return pending_.size() - pending_from_; }
  std::uint32_t writer() const noexcept { return next_.writer; }
  std::uint64_t forces() const noexcept { return forces_; }  ///< made so far
  std::uint64_t writes() const noexcept { return writes_; }

 private:
  struct snapshot_draft {
    std::size_t pending_bytes;
    journal_position wanted;
    bool had_snapshot;
  };
  snapshot_draft begin_snapshot();
  void drop_snapshot(const snapshot_draft& before) noexcept;
  journal_position end_snapshot(const snapshot_draft& before);
  void require_usable() const;
  journal_position push(std::uint16_t type, std::span<const std::byte> head, std::span<const std::byte> body);
  void step();
  void write_pending();
  std::size_t whole_records(std::uint64_t room) const noexcept;
  bool rotate();
  bool must_force() const noexcept { return options_.kept == durability::synced || compacting_; }
  detail::storage_sequence forcing();
  void note_forced(journal_position to);
  void acknowledge();
  void mark_if_idle();
  void remove_old_segment();
  void fail(std::exception_ptr error) noexcept;

  void mark_previous();
  void write_mark(file_id to, const std::string& path, std::size_t place);

  /// A file that is written.
  struct segment {
    explicit segment(weft::storage& in) noexcept : files(in) {}
    ~segment() { close(); }
    segment(const segment&) = delete;
    segment& operator=(const segment&) = delete;
    void close() noexcept {
      if (file != file_id::none) files.close(file);
      file = file_id::none;
    }
    weft::storage& files;
    file_id file = file_id::none;
    std::string path;
    journal_position first = 0;
    journal_position end = 0;  ///< where the file is full
  };

  journal_folder& folder_;
  journal_options options_;
  journal_format::segment_name next_;  ///< of the segment after the present one
  std::uint32_t seed_;
  segment current_;
  segment previous_;  ///< until the present one has something acknowledged
  detail::spare_segment spare_;

  byte_buffer pending_;  ///< records that are not written yet, the first at `pending_from_`
  std::size_t pending_from_ = 0;
  journal_position appended_ = 0;  ///< including witnesses
  journal_position wanted_ = 0;    ///< what somebody waits for
  journal_position written_ = 0;
  journal_position forced_ = 0;
  journal_position durable_ = 0;
  journal_position claimed_ = 0;  ///< the highest `durable_` that stands in the file

  bool has_snapshot_ = false;
  bool in_snapshot_ = false;
  bool compacting_ = false;               ///< a snapshot is complete and not forced yet
  bool snapshot_starts_segment_ = false;  ///< at `snapshot_begin_`, still to be written
  journal_position snapshot_begin_ = 0;
  journal_position snapshot_end_ = 0;
  std::uint32_t snapshot_segment_ = 0;  ///< the one that the newest snapshot begins in
  std::uint32_t oldest_segment_ = 0;    ///< not removed yet
  std::uint32_t needed_segment_ = 0;    ///< older ones are to be removed

  bool sync_under_way_ = false;
  int idle_polls_ = 0;
  std::size_t marks_ = 0;  ///< written in the present segment
  std::uint64_t forces_ = 0;
  std::uint64_t writes_ = 0;
  journal_listener* listener_ = nullptr;
  std::exception_ptr failure_;
  detail::storage_sequence force_;
};

}  // namespace weft
