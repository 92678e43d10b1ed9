// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <weft/core/random.hpp>
#include <weft/world/storage.hpp>

namespace weft::sim {

/// A file's content: what programs see, and what would be left if the power failed.
class disk_file {
 public:
  std::vector<std::byte> data;
  storage_result sync_failure;  ///< once set, every later sync fails with it
  int shared_locks = 0;
  bool is_locked = false;  ///< exclusively

  void write(std::uint64_t offset, const std::byte* from, std::size_t bytes);
  void resize(std::uint64_t bytes);
  /// What a sync covers: what was written before it began, as it was then.
  struct forced_content {
    std::uint64_t moment = 0;
    std::uint64_t bytes = 0;  ///< the size of the file
    std::map<std::uint64_t, std::vector<std::byte>> pages;
  };
  forced_content begin_force() const;
  /// It is on the disk now, and what was written since is not.
  void force(const forced_content& what);
  /// What was not forced is lost, kept, torn or garbled, page by page, by lot.
  void lose_power(random_source& random, bool sectors_are_atomic);
  /// A failed sync drops what was not forced, page by page, by lot.
  void drop_some(random_source& random);
  bool is_forced() const noexcept { return unforced_.empty() && forced_.size() == data.size(); }

 private:
  void keep_page(std::uint64_t page);
  void tear_page(std::uint64_t page, random_source& random, bool sectors_are_atomic);

  std::vector<std::byte> forced_;
  std::map<std::uint64_t, std::uint64_t> unforced_;  ///< page, moment of its last write
  std::uint64_t resized_at_ = 0;
  std::uint64_t moment_ = 0;
  std::uint64_t forced_moment_ = 0;  ///< of the newest sync that has ended
};

/// The names of a tree.
struct disk_names {
  std::map<std::string, std::shared_ptr<disk_file>, std::less<>> files;
  std::map<std::string, std::string, std::less<>> links;
  std::set<std::string, std::less<>> directories{""};
};

/// One name space. Names, like data, survive a loss of power only when their directory was forced: of what was done
/// since in a directory, a beginning drawn by lot is left.
class disk_tree {
 public:
  explicit disk_tree(std::uint64_t capacity) : capacity_(capacity) {}

  const disk_names& names() const noexcept { return current_; }
  std::uint64_t free_bytes() const noexcept { return capacity_ > used_ ? capacity_ - used_ : 0; }
  bool take_room(std::uint64_t before, std::uint64_t after) noexcept;

  void add_file(const std::string& path, std::shared_ptr<disk_file> file);
  void add_directory(const std::string& path);
  void remove(const std::string& path);
  void rename(const std::string& from, const std::string& to);
  void link(const std::string& target, const std::string& path);
  void force_names(std::string_view directory);
  void lose_power(random_source& random, bool sectors_are_atomic);

  static std::string clean(std::string_view path);
  static std::string parent_of(std::string_view path);
  /// Follows symbolic links, those in the middle of the path too.
  std::string resolve(std::string_view path) const;

 private:
  bool follow_link(std::string& name) const;
  enum class change_kind : std::uint8_t { file, directory, removal, renaming, link };
  struct change {
    change_kind what;
    std::string path, other;
    std::shared_ptr<disk_file> file;
  };
  void make(change one);
  static void apply(const change& one, disk_names& names);

  std::uint64_t capacity_;
  std::uint64_t used_ = 0;
  disk_names current_, forced_;
  std::vector<change> unforced_;
};

/// All disks of a simulated cluster: one tree that every rank sees, and one for each node.
class disks {
 public:
  explicit disks(std::uint64_t capacity) : capacity_(capacity), shared_(capacity) {}
  disk_tree& shared() noexcept { return shared_; }
  disk_tree& node(int number);
  void lose_power(random_source& random, bool sectors_are_atomic);

 private:
  std::uint64_t capacity_;
  disk_tree shared_;
  std::map<int, disk_tree> nodes_;
};

}  // namespace weft::sim
