// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>
#include <weft/core/random.hpp>
#include <weft/world/storage.hpp>

#include "fake_storage.hpp"

namespace weft::testing {

/// A fake disk that knows what was forced, and can lose the rest. After operation number `dies_at` (counted in
/// `operations()`) nothing works any more: every call fails with EIO and changes nothing, as for a process that is
/// gone.
///
/// Then `after_kill` is the disk that the next process finds, and `after_power_cut` one of those that a machine may
/// find: of each sector of 512 bytes that was written since the last force, the old or the new content (or anything,
/// where only zeros had been forced); of each name that was changed since the folder was forced, the old or the new
/// file. Sectors are atomic: one that holds forced bytes is not destroyed by a later write to it.
class crash_storage final : public storage {
 public:
  explicit crash_storage(std::shared_ptr<fake_disk> disk = std::make_shared<fake_disk>());
  ~crash_storage() override;  ///< tells the listeners of what is still under way
  crash_storage(const crash_storage&) = delete;
  crash_storage& operator=(const crash_storage&) = delete;

  std::uint64_t operations() const noexcept { return operations_; }
  void die_at(std::uint64_t operation) noexcept { dies_at_ = operation; }
  /// Called before each operation, reads and listings as well: another process that does something meanwhile.
  void set_meanwhile(std::function<void()> call) { meanwhile_ = std::move(call); }
  bool is_dead() const noexcept { return operations_ >= dies_at_; }
  std::shared_ptr<fake_disk> after_kill() const;
  std::shared_ptr<fake_disk> after_power_cut(std::uint64_t seed) const;
  fake_disk& disk() noexcept { return *disk_; }

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
  bool busy() const noexcept override { return inner_.busy() || !pending_.empty(); }

 private:
  using content = std::vector<std::byte>;
  /// A force that has begun; what it covers becomes safe when it is handed out.
  struct force {
    void* token;
    std::shared_ptr<fake_file> file;  ///< or null, for a directory
    std::string directory;
    content data;
    std::map<std::string, std::shared_ptr<fake_file>> names;  ///< of the directory
    storage_result result;
  };
  bool passes() {
    let_others();
    return operations_ < dies_at_ && ++operations_ <= dies_at_;
  }
  void let_others() {
    if (meanwhile_) meanwhile_();
  }
  static std::string parent(const std::string& name);
  content torn(const content& safe, const content& now, random_source& random) const;

  std::shared_ptr<fake_disk> disk_;
  fake_storage inner_;
  std::map<std::int32_t, std::shared_ptr<fake_file>> open_;
  std::map<fake_file*, content> safe_data_;
  std::map<std::string, std::shared_ptr<fake_file>> safe_names_;
  std::set<std::string> safe_directories_;
  std::vector<force> pending_;
  std::uint64_t operations_ = 0;
  std::uint64_t dies_at_ = ~std::uint64_t{0};
  bool is_cut_ = false;
  std::function<void()> meanwhile_;
};

}  // namespace weft::testing
