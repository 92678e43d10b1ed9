// SPDX-License-Identifier: BSL-1.0
#include "crash_storage.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace weft::testing {
namespace {

constexpr storage_result dead{storage_status::failed, EIO};
constexpr std::size_t sector = 512;

}  // namespace

crash_storage::crash_storage(std::shared_ptr<fake_disk> disk)
    : disk_(std::move(disk)), inner_(disk_, disk_, [] { return never; }) {
  for (const auto& [name, file] : disk_->files) {
    safe_names_[name] = file;
    safe_data_[file.get()] = file->data;
  }
  safe_directories_.insert(disk_->directories.begin(), disk_->directories.end());
}

crash_storage::~crash_storage() {
  meanwhile_ = nullptr;
  while (busy()) deliver_completions(*this);
}

std::string crash_storage::parent(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? std::string() : name.substr(0, slash);
}

// --- what is left
// ------------------------------------------------------------------------------------------------------

std::shared_ptr<fake_disk> crash_storage::after_kill() const {
  auto left = std::make_shared<fake_disk>();
  left->directories = disk_->directories;
  for (const auto& [name, file] : disk_->files) {
    left->files[name] = std::make_shared<fake_file>();
    left->files[name]->data = file->data;
  }
  return left;
}

std::shared_ptr<fake_disk> crash_storage::after_power_cut(std::uint64_t seed) const {
  random_source random(seed);
  auto left = std::make_shared<fake_disk>();
  for (const std::string& name : disk_->directories) {
    if (safe_directories_.count(name) != 0 || random.below(2) != 0) left->directories.insert(name);
  }
  std::set<std::string> names;
  for (const auto& each : safe_names_) names.insert(each.first);
  for (const auto& each : disk_->files) names.insert(each.first);
  for (const std::string& name : names) {
    const auto safe = safe_names_.find(name);
    const auto now = disk_->files.find(name);
    const std::shared_ptr<fake_file> old_file = safe == safe_names_.end() ? nullptr : safe->second;
    const std::shared_ptr<fake_file> new_file = now == disk_->files.end() ? nullptr : now->second;
    const std::shared_ptr<fake_file>& kept = old_file == new_file || random.below(2) == 0 ? new_file : old_file;
    if (kept == nullptr || left->directories.count(parent(name)) == 0) continue;
    const auto forced = safe_data_.find(kept.get());
    left->files[name] = std::make_shared<fake_file>();
    left->files[name]->data = torn(forced == safe_data_.end() ? content() : forced->second, kept->data, random);
  }
  return left;
}

crash_storage::content crash_storage::torn(const content& safe, const content& now, random_source& random) const {
  content left(random.below(2) == 0 ? safe.size() : std::max(safe.size(), now.size()));
  for (std::size_t at = 0; at < left.size(); at += sector) {
    const std::size_t count = std::min(sector, left.size() - at);
    const auto piece = [&](const content& from) {
      content bytes(count);
      if (at < from.size())
        std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(at), std::min(count, from.size() - at), bytes.begin());
      return bytes;
    };
    const content before = piece(safe);
    content after = piece(now);
    const bool was_empty = std::all_of(before.begin(), before.end(), [](std::byte b) { return b == std::byte{0}; });
    const std::uint64_t fate = before == after ? 0 : random.below(10);
    if (fate >= 8 && was_empty) {  // something was under way: a part of it, or rubbish
      const std::size_t good = random.below(count + 1);
      const bool is_rubbish = random.below(2) == 0;
      for (std::size_t i = good; i < count; ++i)
        after[i] = is_rubbish ? static_cast<std::byte>(random()) : std::byte{0};
    } else if (fate >= 5) {
      after = before;
    }
    std::copy(after.begin(), after.end(), left.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return left;
}

// --- storage
// -----------------------------------------------------------------------------------------------------------

storage_result crash_storage::open(file_space space, std::string_view path, open_mode mode, file_id& file) {
  if (!passes()) return dead;
  const storage_result opened = inner_.open(space, path, mode, file);
  if (opened) open_[static_cast<std::int32_t>(file)] = disk_->files.find(path)->second;
  return opened;
}

void crash_storage::close(file_id file) {
  open_.erase(static_cast<std::int32_t>(file));
  inner_.close(file);
}

storage_result crash_storage::preallocate(file_id file, std::uint64_t bytes) {
  return passes() ? inner_.preallocate(file, bytes) : dead;
}

storage_result crash_storage::write(file_id file, std::uint64_t offset, std::span<const std::byte> data) {
  if (passes()) return inner_.write(file, offset, data);
  // The call that is cut short by the death leaves a part.
  if (std::exchange(is_cut_, true)) return dead;
  static_cast<void>(inner_.write(file, offset, data.first(data.size() / 2)));
  return dead;
}

storage_result crash_storage::read(file_id file, std::uint64_t offset, std::span<std::byte> data, std::size_t& read) {
  let_others();
  return is_dead() ? dead : inner_.read(file, offset, data, read);
}

storage_result crash_storage::size(file_id file, std::uint64_t& bytes) {
  return is_dead() ? dead : inner_.size(file, bytes);
}

storage_result crash_storage::truncate(file_id file, std::uint64_t bytes) {
  return passes() ? inner_.truncate(file, bytes) : dead;
}

void crash_storage::sync(file_id file, void* token) {
  const std::shared_ptr<fake_file>& what = open_.at(static_cast<std::int32_t>(file));
  pending_.push_back({token, what, "", what->data, {}, passes() ? storage_result{} : dead});
  if (disk_->next_sync) return;
  pending_.back().result = what->sync_failure = std::exchange(disk_->next_sync, {});
}

void crash_storage::sync_directory(file_space, std::string_view path, void* token) {
  force begun{token, nullptr, std::string(path), {}, {}, passes() ? storage_result{} : dead};
  if (disk_->directories.count(path) == 0) begun.result = {storage_status::missing, ENOENT};
  for (const auto& [name, file] : disk_->files) {
    if (parent(name) == path) begun.names[name] = file;
  }
  pending_.push_back(std::move(begun));
}

void crash_storage::lock(file_id file, lock_kind kind, time_point, void* token) {
  inner_.lock(file, kind, time_point{}, token);  // nobody waits: it is free or it is not
}

void crash_storage::unlock(file_id file) { inner_.unlock(file); }

storage_result crash_storage::make_directory(file_space space, std::string_view path) {
  return passes() ? inner_.make_directory(space, path) : dead;
}

storage_result crash_storage::list(file_space space, std::string_view path, std::vector<directory_entry>& entries) {
  let_others();
  return is_dead() ? dead : inner_.list(space, path, entries);
}

storage_result crash_storage::remove(file_space space, std::string_view path) {
  return passes() ? inner_.remove(space, path) : dead;
}

storage_result crash_storage::rename(file_space space, std::string_view from, std::string_view to) {
  return passes() ? inner_.rename(space, from, to) : dead;
}

storage_result crash_storage::replace_link(file_space space, std::string_view target, std::string_view link) {
  return passes() ? inner_.replace_link(space, target, link) : dead;
}

storage_result crash_storage::free_space(file_space space, std::string_view path, std::uint64_t& bytes) {
  return inner_.free_space(space, path, bytes);
}

std::size_t crash_storage::poll(std::span<storage_completion> out) {
  std::size_t count = inner_.poll(out);
  while (count < out.size() && !pending_.empty()) {
    force done = std::move(pending_.front());
    pending_.erase(pending_.begin());
    if (done.result && !passes()) done.result = dead;
    if (done.result && done.file != nullptr) safe_data_[done.file.get()] = std::move(done.data);
    if (done.result && done.file == nullptr) {
      std::erase_if(safe_names_, [&](const auto& each) { return parent(each.first) == done.directory; });
      safe_names_.insert(done.names.begin(), done.names.end());
      for (const auto& name : disk_->directories) {
        if (parent(name) == done.directory) safe_directories_.insert(name);
      }
    }
    out[count++] = {done.token, done.result};
  }
  return count;
}

}  // namespace weft::testing
