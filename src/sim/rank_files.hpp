// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>

#include <weft/sim/disk.hpp>
#include <weft/sim/engine.hpp>

namespace weft::sim {

struct open_file {
  std::shared_ptr<disk_file> file;
  disk_tree* tree = nullptr;
  bool is_writable = false;
  bool holds_shared = false;
  bool holds_exclusive = false;
};

/// What a rank has open, waits for and is owed by the disks.
class rank_files final : public event_target {
 public:
  explicit rank_files(endpoint& self) : self_(self) {}

  open_file& at(file_id file);
  file_id add(open_file one);
  void close(file_id file);
  void close_all();
  void unlock(open_file& one);

  void sync(std::shared_ptr<disk_file> file, void* token);
  void sync_names(disk_tree& tree, std::string directory, void* token, storage_result result);
  void lock(file_id file, lock_kind kind, std::int64_t deadline, void* token);

  /// Something that was started is due, or a lock may be free.
  void on_time(std::uint64_t argument) override;
  bool take(storage_completion& next);
  bool is_busy() const noexcept { return !done_.empty() || !waiting_.empty() || !syncs_.empty(); }

 private:
  struct started_sync {
    void* token;
    std::shared_ptr<disk_file> file;  ///< null: of names
    disk_file::forced_content covered;
    disk_tree* tree;
    std::string directory;
    storage_result result;
  };
  struct waiting_lock {
    file_id file;
    lock_kind kind;
    std::int64_t deadline;
    void* token;
  };
  void schedule(started_sync one);
  bool try_lock(const waiting_lock& wanted);
  void look_at_locks();
  void done(void* token, storage_result result);

  endpoint& self_;
  std::map<std::int32_t, open_file> open_;
  std::int32_t next_file_ = 0;
  std::map<std::uint64_t, started_sync> syncs_;
  std::uint64_t next_sync_ = 0;
  std::list<waiting_lock> waiting_;
  std::deque<storage_completion> done_;
};

}  // namespace weft::sim
