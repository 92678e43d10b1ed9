// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <weft/journal/format.hpp>
#include <weft/journal/storage_sequence.hpp>
#include <weft/world/storage.hpp>
#include <weft/world/time.hpp>

namespace weft {

/// What the ranks of a run have to know of its folder; plain bytes, to be broadcast by the leader.
struct journal_run {
  std::uint32_t epoch = 0;    ///< of this run
  std::uint32_t live = 0;     ///< epoch of the journals to be read; 0: there are none
  std::uint32_t writers = 0;  ///< their writers are 0 ... writers - 1
  std::uint32_t reserved = 0;
  std::uint64_t identity = 0;
};

/// The folder that holds a run's journals, its epoch file and its locks. One object per rank; one thread.
///
/// Exactly one rank of a run, the leader, calls `claim`, which waits for an earlier run to end, publishes a new epoch
/// and forces it to disk; all others then call `join`. After every rank has read the old journals and written the
/// snapshot of its new one (`journal::compact`), the leader calls `adopt`: from then on the new journals hold the truth
/// and may acknowledge, and the old ones are removed. docs/design/fencing.md has the argument.
///
/// Each of these calls only starts; `ready()` says when it is done and throws what went wrong. Somebody has to poll the
/// storage meanwhile (the loop, or `deliver_completions`).
class journal_folder {
 public:
  /// `path` is made if missing. Nothing is touched before `claim` or `join`.
  journal_folder(weft::storage& files, file_space space, std::string path);
  /// Releases the locks. Storage operations under way end on their own while the storage is polled.
  ~journal_folder();
  journal_folder(const journal_folder&) = delete;
  journal_folder& operator=(const journal_folder&) = delete;

  /// The leader. Waits until `deadline` (the docs say: 5 s from now) for the locks of an earlier run; whether it got
  /// them or not, the new epoch fences that run off. `identity` is any number of this folder's own, used if the folder
  /// is new (of `host::entropy`, say). `ready()` throws `journal_damaged` for an epoch file that is damaged or gone,
  /// `timed_out` when another start holds the folder, `world_error` where the file system refuses.
  void claim(time_point deadline, std::uint64_t identity);
  /// Every rank but the leader, with the leader's `run()`. Takes the shared lock; on a file system without locks or
  /// past `deadline` it goes on without, and the epoch alone fences.
  void join(const journal_run& run, time_point deadline);
  /// The leader, when the snapshots of all `writers` journals of this epoch are forced. `ready()` throws `fenced` if
  /// a later run has come.
  void adopt(std::uint32_t writers, time_point deadline);
  bool ready();

  const journal_run& run() const noexcept { return run_; }
  /// Whether the shared lock is held: until this object is destroyed or the process ends.
  bool holds_lock() const noexcept { return holds_lock_; }
  /// Whether `claim` saw every process of earlier runs release its lock.
  bool predecessor_ended() const noexcept { return predecessor_ended_; }

  /// A fresh read of the epoch file. Throws `world_error` or `journal_damaged`.
  journal_format::epoch_state read_epoch();
  /// True if the epoch file shows, now, that journals of this run hold the truth. Throws `fenced` if a later run has
  /// come. False before `adopt`.
  bool may_acknowledge();
  /// Throws `fenced` if a later run has come; does nothing where the epoch file cannot be read.
  void throw_if_overtaken();

  weft::storage& files() const noexcept { return files_; }
  file_space space() const noexcept { return space_; }
  const std::string& path() const noexcept { return path_; }
  std::string path_of(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  detail::storage_sequence claiming(time_point deadline, std::uint64_t identity);
  detail::storage_sequence joining(time_point deadline);
  detail::storage_sequence adopting(std::uint32_t writers, time_point deadline);
  void require_ready() const;
  file_id open_file(std::string_view name, open_mode mode);
  journal_format::epoch_state read_or_new(std::uint64_t identity);
  void take_number(journal_format::epoch_state& state);
  file_id make_new(const journal_format::epoch_state& state);
  void publish(file_id made, const storage_result& forced);
  std::string new_epoch_path() const;
  void remove_leftovers() noexcept;

  weft::storage& files_;
  file_space space_;
  std::string path_;
  std::string epoch_path_;
  journal_run run_;
  file_id lock_file_ = file_id::none;
  bool holds_lock_ = false;
  bool predecessor_ended_ = false;
  detail::storage_sequence under_way_;
};

}  // namespace weft
