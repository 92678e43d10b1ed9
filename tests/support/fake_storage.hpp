// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <weft/world/storage.hpp>

namespace weft::testing {

/// A file's content, shared by its name and by those who hold it open.
struct fake_file {
  std::vector<std::byte> data;
  storage_result sync_failure;  ///< once set, every later sync fails with it
  int shared_locks = 0;
  bool is_locked = false;  ///< exclusively
};

/// One name space in memory. `next_sync` makes the next sync of any of its files fail, finally for that file.
struct fake_disk {
  std::map<std::string, std::shared_ptr<fake_file>, std::less<>> files;
  std::map<std::string, std::string, std::less<>> links;
  std::set<std::string, std::less<>> directories{""};
  storage_result next_sync;
  std::uint64_t free_bytes = std::uint64_t{1} << 40;  ///< a write that would need more fails with `no_space`
};

/// Files in memory. `sync` and `lock` are completed by the next `poll` (a lock when it is free or its time is over).
class fake_storage final : public storage {
 public:
  fake_storage(std::shared_ptr<fake_disk> shared, std::shared_ptr<fake_disk> node, std::function<time_point()> clock)
      : shared_(std::move(shared)), node_(std::move(node)), clock_(std::move(clock)) {}
  ~fake_storage() override;
  fake_storage(const fake_storage&) = delete;
  fake_storage& operator=(const fake_storage&) = delete;

  storage_result open(file_space space, std::string_view path, open_mode mode, file_id& file) override;
  void close(file_id file) override;
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
  bool busy() const noexcept override { return !done_.empty() || !waiting_.empty(); }

 private:
  struct open_file {
    std::shared_ptr<fake_file> file;
    fake_disk* disk;
    bool is_writable;
    bool holds_shared, holds_exclusive;
  };
  struct waiting_lock {
    std::int32_t file;
    lock_kind kind;
    time_point deadline;
    void* token;
  };
  fake_disk& disk(file_space space) { return space == file_space::shared ? *shared_ : *node_; }
  open_file& at(file_id file);
  bool try_lock(const waiting_lock& wanted);

  std::shared_ptr<fake_disk> shared_, node_;
  std::function<time_point()> clock_;
  std::map<std::int32_t, open_file> open_;
  std::int32_t next_ = 0;
  std::list<storage_completion> done_;
  std::list<waiting_lock> waiting_;
};

}  // namespace weft::testing
