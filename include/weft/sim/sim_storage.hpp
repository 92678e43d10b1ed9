// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>

#include <weft/sim/disk.hpp>
#include <weft/sim/engine.hpp>

namespace weft::sim {

/// What a rank has open and under way. It outlives the `storage` object: events come to it.
class rank_files;

/// A rank's view of the simulated disks. `sync` takes a time drawn from the seed; locks are released when their rank
/// dies.
class sim_storage final : public storage {
 public:
  sim_storage(endpoint& self, disks& all);
  ~sim_storage() override;
  sim_storage(const sim_storage&) = delete;
  sim_storage& operator=(const sim_storage&) = delete;

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
  bool busy() const noexcept override;

 private:
  disk_tree& tree(file_space space);
  void called(const char* what);
  void name_changed(std::string_view path);
  storage_result resized(file_id file, std::uint64_t bytes, bool may_shrink);

  endpoint& self_;
  disks& disks_;
  std::shared_ptr<rank_files> mine_;
};

}  // namespace weft::sim
