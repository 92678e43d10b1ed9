// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weft/world/time.hpp>

namespace weft {

/// The two name spaces: `shared` is one tree seen by all ranks (a cluster file system, the working directory); `node`
/// is local to a node (fast, lost with the node). Paths are relative to the name space's root, or absolute.
enum class file_space : std::uint8_t { shared, node };

enum class open_mode : std::uint8_t {
  read_only,
  read_write,        ///< must exist
  create,            ///< made if missing
  create_exclusive,  ///< fails with `storage_status::exists` if it is there
};

enum class lock_kind : std::uint8_t { shared, exclusive };

enum class storage_status : std::uint8_t { ok, exists, missing, no_space, denied, timed_out, failed };

/// The result of a storage call that can fail for reasons outside the program; `code` is the world's errno.
struct storage_result {
  storage_status status = storage_status::ok;
  int code = 0;
  explicit operator bool() const noexcept { return status == storage_status::ok; }
};

enum class file_id : std::int32_t { none = -1 };

/// A finished `sync`, `sync_directory` or `lock`.
struct storage_completion {
  void* token = nullptr;
  storage_result result;
};

/// Whoever starts something of a storage that others poll as well (the loop, other journals) gives a
/// `storage_listener*` as its token, and the one who polls hands over the result.
class storage_listener {
 public:
  /// May start further things, but must not poll.
  virtual void on_completed(const storage_result& result) noexcept = 0;

 protected:
  ~storage_listener() = default;
};

/// A coroutine that waits for a completion and that nobody owns any more.
struct storage_orphan {
  std::coroutine_handle<> frame;
  storage_orphan* next = nullptr;
  storage_orphan* previous = nullptr;
};

struct directory_entry {
  std::string name;
  bool is_directory = false;
};

/// What survives a crash: one of the three interfaces of `world`. One thread calls it. Reads and writes are done when
/// they return (into the file system, not onto the disk); forcing to disk and locks are started and polled.
///
/// A `sync` that fails is reported once, and final: the file's unforced data may be lost, every later `sync` of the
/// same file fails with the same status, and the file must be written anew under another name (a failed fsync may have
/// dropped the dirty pages: retrying it lies).
class storage {
 public:
  storage() = default;
  storage(const storage&) = delete;
  storage& operator=(const storage&) = delete;
  virtual ~storage() = default;

  /// From now on the coroutine is the storage's, which destroys it at its end; whoever ends it before forgets it first.
  void adopt(storage_orphan& one) noexcept {
    one.next = orphans_;
    one.previous = nullptr;
    if (orphans_ != nullptr) orphans_->previous = &one;
    orphans_ = &one;
  }
  void forget(storage_orphan& one) noexcept {
    (one.previous != nullptr ? one.previous->next : orphans_) = one.next;
    if (one.next != nullptr) one.next->previous = one.previous;
  }

  virtual storage_result open(file_space space, std::string_view path, open_mode mode, file_id& file) = 0;
  virtual void close(file_id file) = 0;
  /// Reserves room so that later writes up to `bytes` do not fail for lack of it. A shorter file grows to `bytes` and
  /// reads as zeros there.
  virtual storage_result preallocate(file_id file, std::uint64_t bytes) = 0;
  /// Writes all of `data` at `offset`, or fails.
  virtual storage_result write(file_id file, std::uint64_t offset, std::span<const std::byte> data) = 0;
  /// Reads up to `data.size()` bytes; fewer only at the end of the file.
  virtual storage_result read(file_id file, std::uint64_t offset, std::span<std::byte> data, std::size_t& read) = 0;
  virtual storage_result size(file_id file, std::uint64_t& bytes) = 0;
  virtual storage_result truncate(file_id file, std::uint64_t bytes) = 0;

  /// Starts forcing the file's data and size to disk. Completed by `poll` with `token`.
  virtual void sync(file_id file, void* token) = 0;
  /// Starts forcing a directory's names to disk.
  virtual void sync_directory(file_space space, std::string_view path, void* token) = 0;
  /// Starts taking a lock on the whole file, held until `unlock` or `close`. Polled; `timed_out` after the deadline. A
  /// shared lock needs a file open for reading, an exclusive one a file open for writing.
  virtual void lock(file_id file, lock_kind kind, time_point deadline, void* token) = 0;
  virtual void unlock(file_id file) = 0;

  virtual storage_result make_directory(file_space space, std::string_view path) = 0;  ///< parents too; ok if there
  virtual storage_result list(file_space space, std::string_view path, std::vector<directory_entry>& entries) = 0;
  virtual storage_result remove(file_space space, std::string_view path) = 0;      ///< file, link or empty directory
  virtual storage_result rename(file_space space, std::string_view from, std::string_view to) = 0;  ///< atomic, replaces
  /// Makes the symbolic link `link` point to `target` in one step, whether or not it existed.
  virtual storage_result replace_link(file_space space, std::string_view target, std::string_view link) = 0;
  virtual storage_result free_space(file_space space, std::string_view path, std::uint64_t& bytes) = 0;

  virtual std::size_t poll(std::span<storage_completion> out) = 0;
  virtual bool busy() const noexcept = 0;  ///< something started is not yet handed out

 protected:
  /// The destructor of every storage begins with it: what such a coroutine holds may still close files.
  void end_orphans() noexcept {
    while (orphans_ != nullptr) {
      storage_orphan& last = *orphans_;
      forget(last);
      last.frame.destroy();
    }
  }

 private:
  storage_orphan* orphans_ = nullptr;
};

/// Polls once and tells the listeners. Every token must be a `storage_listener*`. Returns whether anything had completed.
inline bool deliver_completions(storage& from) {
  std::array<storage_completion, 32> done;
  const std::size_t count = from.poll(done);
  for (std::size_t i = 0; i < count; ++i) static_cast<storage_listener*>(done[i].token)->on_completed(done[i].result);
  return count > 0;
}

}  // namespace weft
