// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>
#include <weft/posix/helper_pool.hpp>
#include <weft/world/storage.hpp>

namespace weft::posix {

struct file_storage_options {
  std::string shared_root = ".";
  std::string node_root = {};  ///< empty: $TMPDIR, or /tmp
  /// Called from a helper thread whenever something has completed, so that an idle loop wakes up (`host::wake`).
  void (*wake)(void* self) = nullptr;
  void* wake_self = nullptr;
};

/// `storage` on the file systems of this machine. Writes and reads are plain system calls; `sync` and locks run on two
/// helper threads and are handed back by `poll`, which takes no lock while nothing has completed.
///
/// Locks are open-file-description locks (fcntl F_OFD_SETLK), tried again with growing pauses until the deadline. They
/// belong to the open file: closing another descriptor of the same file does not drop them, as it does with the older
/// per-process locks, and two openings exclude each other even inside one process. Unlike flock they reach other nodes
/// on NFS and on Lustre (mounted with `-o flock`; without it they fail with ENOSYS or ENOLCK, which is reported). A
/// shared lock needs a file open for reading, an exclusive one a file open for writing.
class file_storage final : public storage {
 public:
  explicit file_storage(file_storage_options options = {});
  ~file_storage() override;  ///< waits for what the helper threads are doing just now

  storage_result open(file_space space, std::string_view path, open_mode mode, file_id& file) override;
  void close(file_id file) override;  ///< locks are released at once; a lock still awaited completes as `failed`
  storage_result preallocate(file_id file, std::uint64_t bytes) override;
  storage_result write(file_id file, std::uint64_t offset, std::span<const std::byte> data) override;
  storage_result read(file_id file, std::uint64_t offset, std::span<std::byte> data, std::size_t& read) override;
  storage_result size(file_id file, std::uint64_t& bytes) override;
  storage_result truncate(file_id file, std::uint64_t bytes) override;

  void sync(file_id file, void* token) override;
  void sync_directory(file_space space, std::string_view path, void* token) override;
  void lock(file_id file, lock_kind kind, time_point deadline, void* token) override;
  void unlock(file_id file) override;

  storage_result make_directory(file_space space, std::string_view path) override;
  storage_result list(file_space space, std::string_view path, std::vector<directory_entry>& entries) override;
  storage_result remove(file_space space, std::string_view path) override;
  storage_result rename(file_space space, std::string_view from, std::string_view to) override;
  storage_result replace_link(file_space space, std::string_view target, std::string_view link) override;
  storage_result free_space(file_space space, std::string_view path, std::uint64_t& bytes) override;

  std::size_t poll(std::span<storage_completion> out) override;
  bool busy() const noexcept override { return started_ != 0; }

 private:
  struct open_file;
  struct lock_attempt;

  std::string resolve(file_space space, std::string_view path) const;
  const std::shared_ptr<open_file>& find(file_id file) const;
  void try_lock(const std::shared_ptr<lock_attempt>& attempt);
  void complete(void* token, storage_result result);  ///< from any thread

  file_storage_options options_;
  std::unordered_map<std::int32_t, std::shared_ptr<open_file>> files_;
  std::int32_t last_file_ = 0;
  std::uint64_t links_made_ = 0;
  std::size_t started_ = 0;  ///< begun and not yet handed out

  std::mutex mutex_;  ///< guards `completed_`
  std::vector<storage_completion> completed_;
  std::atomic<std::size_t> completed_count_{0};
  helper_pool pool_{2};  ///< last: its threads end before what they use
};

}  // namespace weft::posix
