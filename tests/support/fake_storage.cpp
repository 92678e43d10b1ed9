// SPDX-License-Identifier: BSL-1.0
#include "fake_storage.hpp"

#include <algorithm>
#include <cerrno>

#include <weft/core/error.hpp>

namespace weft::testing {
namespace {

constexpr storage_result missing{storage_status::missing, ENOENT};
constexpr storage_result exists{storage_status::exists, EEXIST};
constexpr storage_result denied{storage_status::denied, EACCES};
constexpr storage_result no_space{storage_status::no_space, ENOSPC};
constexpr storage_result not_empty{storage_status::failed, ENOTEMPTY};

/// "/a//b/" and "a/b" are one name.
std::string clean(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

/// Follows one link, whose target is relative to the link's directory unless it begins with '/'.
std::string resolve(const fake_disk& disk, std::string_view path) {
  std::string name = clean(path);
  auto link = disk.links.find(name);
  if (link == disk.links.end()) return name;
  return clean(link->second.front() == '/' ? link->second : parent_of(name) + "/" + link->second);
}

bool begins_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

bool has_entries(const fake_disk& disk, const std::string& directory) {
  const std::string start = directory + "/";
  auto inside = [&](const auto& names, auto name_of) {
    return std::any_of(names.begin(), names.end(),
                       [&](const auto& entry) { return begins_with(name_of(entry), start); });
  };
  auto key = [](const auto& entry) -> const std::string& { return entry.first; };
  return inside(disk.files, key) || inside(disk.links, key) ||
         inside(disk.directories, [](const std::string& d) -> const std::string& { return d; });
}

}  // namespace

fake_storage::~fake_storage() {
  end_orphans();
  while (!open_.empty()) close(file_id{open_.begin()->first});
}

fake_storage::open_file& fake_storage::at(file_id file) {
  auto found = open_.find(static_cast<std::int32_t>(file));
  if (found == open_.end()) throw world_error("a file that is not open", EBADF);
  return found->second;
}

storage_result fake_storage::open(file_space space, std::string_view path, open_mode mode, file_id& file) {
  fake_disk& where = disk(space);
  const std::string name = resolve(where, path);
  if (where.directories.count(parent_of(name)) == 0) return missing;
  if (where.directories.count(name) != 0) return {storage_status::failed, EISDIR};
  auto found = where.files.find(name);
  const bool makes = mode == open_mode::create || mode == open_mode::create_exclusive;
  if (found == where.files.end()) {
    if (!makes) return missing;
    found = where.files.emplace(name, std::make_shared<fake_file>()).first;
  } else if (mode == open_mode::create_exclusive) {
    return exists;
  }
  file = file_id{next_++};
  open_[static_cast<std::int32_t>(file)] = {found->second, &where, mode != open_mode::read_only, false, false};
  return {};
}

void fake_storage::close(file_id file) {
  unlock(file);
  waiting_.remove_if([&](const waiting_lock& w) { return w.file == static_cast<std::int32_t>(file); });
  open_.erase(static_cast<std::int32_t>(file));
}

storage_result fake_storage::preallocate(file_id file, std::uint64_t bytes) {
  open_file& f = at(file);
  if (!f.is_writable) return denied;
  const std::uint64_t have = f.file->data.size();
  if (bytes <= have) return {};
  if (bytes - have > f.disk->free_bytes) return no_space;
  f.disk->free_bytes -= bytes - have;
  f.file->data.resize(bytes);
  return {};
}

storage_result fake_storage::write(file_id file, std::uint64_t offset, std::span<const std::byte> data) {
  open_file& f = at(file);
  if (!f.is_writable) return denied;
  const std::uint64_t end = offset + data.size();
  if (end > f.file->data.size()) {
    const std::uint64_t more = end - f.file->data.size();
    if (more > f.disk->free_bytes) return no_space;
    f.disk->free_bytes -= more;
    f.file->data.resize(end);
  }
  std::copy(data.begin(), data.end(), f.file->data.begin() + static_cast<std::ptrdiff_t>(offset));
  return {};
}

storage_result fake_storage::read(file_id file, std::uint64_t offset, std::span<std::byte> data, std::size_t& read) {
  const auto& all = at(file).file->data;
  read = offset >= all.size() ? 0 : std::min<std::size_t>(data.size(), all.size() - offset);
  std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(read == 0 ? 0 : offset), read, data.begin());
  return {};
}

storage_result fake_storage::size(file_id file, std::uint64_t& bytes) {
  bytes = at(file).file->data.size();
  return {};
}

storage_result fake_storage::truncate(file_id file, std::uint64_t bytes) {
  open_file& f = at(file);
  if (!f.is_writable) return denied;
  f.disk->free_bytes += f.file->data.size();
  f.disk->free_bytes -= bytes;
  f.file->data.resize(bytes);
  return {};
}

void fake_storage::sync(file_id file, void* token) {
  open_file& f = at(file);
  if (f.file->sync_failure) f.file->sync_failure = f.disk->next_sync;
  f.disk->next_sync = {};
  done_.push_back({token, f.file->sync_failure});
}

void fake_storage::sync_directory(file_space space, std::string_view path, void* token) {
  fake_disk& where = disk(space);
  const bool is_there = where.directories.count(resolve(where, path)) != 0;
  done_.push_back({token, is_there ? where.next_sync : missing});
  where.next_sync = {};
}

bool fake_storage::try_lock(const waiting_lock& wanted) {
  open_file& f = open_.at(wanted.file);
  if (f.file->is_locked || (wanted.kind == lock_kind::exclusive && f.file->shared_locks > 0)) return false;
  if (wanted.kind == lock_kind::exclusive) {
    f.file->is_locked = f.holds_exclusive = true;
  } else {
    ++f.file->shared_locks;
    f.holds_shared = true;
  }
  return true;
}

void fake_storage::lock(file_id file, lock_kind kind, time_point deadline, void* token) {
  at(file);
  waiting_.push_back({static_cast<std::int32_t>(file), kind, deadline, token});
}

void fake_storage::unlock(file_id file) {
  open_file& f = at(file);
  if (f.holds_exclusive) f.file->is_locked = false;
  if (f.holds_shared) --f.file->shared_locks;
  f.holds_shared = f.holds_exclusive = false;
}

storage_result fake_storage::make_directory(file_space space, std::string_view path) {
  fake_disk& where = disk(space);
  for (std::string name = clean(path); !name.empty(); name = parent_of(name)) {
    if (where.files.count(name) != 0) return exists;
    where.directories.insert(name);
  }
  return {};
}

storage_result fake_storage::list(file_space space, std::string_view path, std::vector<directory_entry>& entries) {
  fake_disk& where = disk(space);
  const std::string directory = resolve(where, path);
  if (where.directories.count(directory) == 0) return missing;
  entries.clear();
  auto add = [&](const std::string& name, bool is_directory) {
    if (name.empty() || parent_of(name) != directory) return;
    entries.push_back({name.substr(directory.empty() ? 0 : directory.size() + 1), is_directory});
  };
  for (const auto& file : where.files) add(file.first, false);
  for (const auto& link : where.links) add(link.first, false);
  for (const auto& name : where.directories) add(name, true);
  return {};
}

storage_result fake_storage::remove(file_space space, std::string_view path) {
  fake_disk& where = disk(space);
  const std::string name = clean(path);
  if (where.links.erase(name) != 0) return {};
  if (auto file = where.files.find(name); file != where.files.end()) {
    where.free_bytes += file->second->data.size();
    where.files.erase(file);
    return {};
  }
  if (name.empty() || where.directories.count(name) == 0) return missing;
  if (has_entries(where, name)) return not_empty;
  where.directories.erase(name);
  return {};
}

storage_result fake_storage::rename(file_space space, std::string_view from, std::string_view to) {
  fake_disk& where = disk(space);
  const std::string old_name = clean(from);
  const std::string new_name = clean(to);
  if (where.directories.count(parent_of(new_name)) == 0) return missing;
  auto file = where.files.find(old_name);
  if (file == where.files.end()) return missing;
  if (old_name == new_name) return {};
  where.links.erase(new_name);
  where.files[new_name] = file->second;
  where.files.erase(old_name);
  return {};
}

storage_result fake_storage::replace_link(file_space space, std::string_view target, std::string_view link) {
  fake_disk& where = disk(space);
  const std::string name = clean(link);
  if (where.directories.count(parent_of(name)) == 0) return missing;
  if (target.empty()) return missing;
  where.links[name] = std::string(target);
  return {};
}

storage_result fake_storage::free_space(file_space space, std::string_view, std::uint64_t& bytes) {
  bytes = disk(space).free_bytes;
  return {};
}

std::size_t fake_storage::poll(std::span<storage_completion> out) {
  for (auto w = waiting_.begin(); w != waiting_.end();) {
    const bool is_held = try_lock(*w);
    if (!is_held && clock_() < w->deadline) {
      ++w;
      continue;
    }
    done_.push_back({w->token, is_held ? storage_result{} : storage_result{storage_status::timed_out, ETIMEDOUT}});
    w = waiting_.erase(w);
  }
  std::size_t n = 0;
  while (n < out.size() && !done_.empty()) {
    out[n++] = done_.front();
    done_.pop_front();
  }
  return n;
}

}  // namespace weft::testing
