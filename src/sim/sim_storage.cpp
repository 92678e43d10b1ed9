// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/sim_storage.hpp>

#include <algorithm>
#include <cerrno>
#include <string>

#include <weft/core/crc32c.hpp>
#include <weft/core/error.hpp>

#include "sim/rank_files.hpp"

namespace weft::sim {

namespace {

constexpr storage_result no_such_name{storage_status::missing, ENOENT};
constexpr storage_result name_is_taken{storage_status::exists, EEXIST};
constexpr storage_result not_allowed{storage_status::denied, EACCES};
constexpr storage_result disk_is_full{storage_status::no_space, ENOSPC};
constexpr duration call_cost{1000};

bool has_entries(const disk_names& names, const std::string& directory) {
  const auto inside = [&](std::string_view name) { return !name.empty() && disk_tree::parent_of(name) == directory; };
  return std::any_of(names.files.begin(), names.files.end(), [&](const auto& e) { return inside(e.first); }) ||
         std::any_of(names.links.begin(), names.links.end(), [&](const auto& e) { return inside(e.first); }) ||
         std::any_of(names.directories.begin(), names.directories.end(), [&](const auto& e) { return inside(e); });
}

}  // namespace

sim_storage::sim_storage(endpoint& self, disks& all)
    : self_(self), disks_(all), mine_(std::make_shared<rank_files>(self)) {
  self_.attachments.push_back(mine_);
  self_.at_kill.push_back([mine = mine_] { mine->close_all(); });
}

sim_storage::~sim_storage() {
  end_orphans();
  mine_->close_all();
}

disk_tree& sim_storage::tree(file_space space) {
  return space == file_space::shared ? disks_.shared()
                                     : disks_.node(self_.node);
}

void sim_storage::called(const char* what) { self_.on.look(self_, call_cost, what); }

void sim_storage::name_changed(std::string_view path) {
  self_.on.trace(self_, traced::disk_name, -1, -1, path.size(), crc32c(path.data(), path.size()));
}

storage_result sim_storage::open(file_space space, std::string_view path, open_mode mode, file_id& file) {
  called("storage open");
  disk_tree& where = tree(space);
  const std::string name = where.resolve(path);
  const disk_names& names = where.names();
  if (names.directories.count(disk_tree::parent_of(name)) == 0) return no_such_name;
  if (names.directories.count(name) != 0) return {storage_status::failed, EISDIR};
  const auto found = names.files.find(name);
  std::shared_ptr<disk_file> content;
  if (found == names.files.end()) {
    if (mode != open_mode::create && mode != open_mode::create_exclusive) return no_such_name;
    content = std::make_shared<disk_file>();
    where.add_file(name, content);
    name_changed(name);
  } else if (mode == open_mode::create_exclusive) {
    return name_is_taken;
  } else {
    content = found->second;
  }
  file = mine_->add({std::move(content), &where, mode != open_mode::read_only, false, false});
  return {};
}

void sim_storage::close(file_id file) { mine_->close(file); }

storage_result sim_storage::resized(file_id file, std::uint64_t bytes, bool may_shrink) {
  open_file& f = mine_->at(file);
  if (!f.is_writable) return not_allowed;
  const std::uint64_t have = f.file->data.size();
  if (bytes == have || (bytes < have && !may_shrink)) return {};
  if (!f.tree->take_room(have, bytes)) return disk_is_full;
  self_.on.trace(self_, traced::disk_write, -1, static_cast<int>(file), bytes, 0);
  f.file->resize(bytes);
  return {};
}

storage_result sim_storage::preallocate(file_id file, std::uint64_t bytes) {
  called("storage preallocate");
  return resized(file, bytes, false);
}

storage_result sim_storage::truncate(file_id file, std::uint64_t bytes) {
  called("storage truncate");
  return resized(file, bytes, true);
}

storage_result sim_storage::write(file_id file, std::uint64_t offset, std::span<const std::byte> data) {
  called("storage write");
  open_file& f = mine_->at(file);
  if (!f.is_writable) return not_allowed;
  const std::uint64_t have = f.file->data.size();
  if (!f.tree->take_room(have, std::max<std::uint64_t>(have, offset + data.size()))) return disk_is_full;
  self_.on.trace(self_, traced::disk_write, -1, static_cast<int>(file), data.size(), crc32c(data.data(), data.size()));
  f.file->write(offset, data.data(), data.size());
  return {};
}

storage_result sim_storage::read(file_id file, std::uint64_t offset, std::span<std::byte> data, std::size_t& read) {
  called("storage read");
  const auto& all = mine_->at(file).file->data;
  read = offset >= all.size() ? 0 : std::min<std::size_t>(data.size(), all.size() - offset);
  std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(read == 0 ? 0 : offset), read, data.begin());
  self_.on.trace(self_, traced::disk_read, -1, static_cast<int>(file), read, crc32c(data.data(), read));
  return {};
}

storage_result sim_storage::size(file_id file, std::uint64_t& bytes) {
  bytes = mine_->at(file).file->data.size();
  return {};
}

void sim_storage::sync(file_id file, void* token) {
  called("storage sync");
  self_.on.trace(self_, traced::disk_sync, -1, static_cast<int>(file), 0, 0);
  mine_->sync(mine_->at(file).file, token);
}

void sim_storage::sync_directory(file_space space, std::string_view path, void* token) {
  called("storage sync_directory");
  disk_tree& where = tree(space);
  const std::string directory = where.resolve(path);
  const bool is_there = where.names().directories.count(directory) != 0;
  self_.on.trace(self_, traced::disk_sync, -1, -1, 0, 0);
  mine_->sync_names(where, directory, token, is_there ? storage_result{} : no_such_name);
}

void sim_storage::lock(file_id file, lock_kind kind, time_point deadline, void* token) {
  called("storage lock");
  mine_->lock(file, kind, deadline.time_since_epoch().count(), token);
}

void sim_storage::unlock(file_id file) { mine_->unlock(mine_->at(file)); }

storage_result sim_storage::make_directory(file_space space, std::string_view path) {
  called("storage make_directory");
  disk_tree& where = tree(space);
  const std::string whole = where.resolve(path);
  for (std::size_t end = 0; end != std::string::npos;) {
    end = whole.find('/', end + 1);
    const std::string name = whole.substr(0, end);
    if (where.names().files.count(name) != 0) return name_is_taken;
    if (where.names().directories.count(name) != 0) continue;
    where.add_directory(name);
    name_changed(name);
  }
  return {};
}

storage_result sim_storage::list(file_space space, std::string_view path, std::vector<directory_entry>& entries) {
  called("storage list");
  disk_tree& where = tree(space);
  const std::string directory = where.resolve(path);
  const disk_names& names = where.names();
  if (names.directories.count(directory) == 0) return no_such_name;
  entries.clear();
  const auto add = [&](const std::string& name, bool is_directory) {
    if (name.empty() || disk_tree::parent_of(name) != directory) return;
    entries.push_back({name.substr(directory.empty() ? 0 : directory.size() + 1), is_directory});
  };
  for (const auto& file : names.files) add(file.first, false);
  for (const auto& link : names.links) add(link.first, false);
  for (const auto& name : names.directories) add(name, true);
  return {};
}

storage_result sim_storage::remove(file_space space, std::string_view path) {
  called("storage remove");
  disk_tree& where = tree(space);
  const disk_names& names = where.names();
  const std::string name = disk_tree::clean(path);
  const auto file = names.files.find(name);
  const bool is_directory = !name.empty() && names.directories.count(name) != 0;
  if (file == names.files.end() && names.links.count(name) == 0 && !is_directory) return no_such_name;
  if (is_directory && has_entries(names, name)) return {storage_status::failed, ENOTEMPTY};
  if (file != names.files.end()) where.take_room(file->second->data.size(), 0);
  where.remove(name);
  name_changed(name);
  return {};
}

storage_result sim_storage::rename(file_space space, std::string_view from, std::string_view to) {
  called("storage rename");
  disk_tree& where = tree(space);
  const std::string old_name = disk_tree::clean(from);
  const std::string new_name = disk_tree::clean(to);
  const disk_names& names = where.names();
  if (names.directories.count(disk_tree::parent_of(new_name)) == 0) return no_such_name;
  if (names.files.count(old_name) == 0) return no_such_name;
  if (old_name == new_name) return {};
  if (const auto replaced = names.files.find(new_name); replaced != names.files.end()) {
    where.take_room(replaced->second->data.size(), 0);
  }
  where.rename(old_name, new_name);
  name_changed(new_name);
  return {};
}

storage_result sim_storage::replace_link(file_space space, std::string_view target, std::string_view link) {
  called("storage replace_link");
  disk_tree& where = tree(space);
  const std::string name = disk_tree::clean(link);
  if (target.empty() || where.names().directories.count(disk_tree::parent_of(name)) == 0) return no_such_name;
  where.link(std::string(target), name);
  name_changed(name);
  return {};
}

storage_result sim_storage::free_space(file_space space, std::string_view, std::uint64_t& bytes) {
  bytes = tree(space).free_bytes();
  return {};
}

std::size_t sim_storage::poll(std::span<storage_completion> out) {
  std::size_t n = 0;
  while (n < out.size() && mine_->take(out[n])) ++n;
  return n;
}

bool sim_storage::busy() const noexcept { return mine_->is_busy(); }

}  // namespace weft::sim
