// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/disk.hpp>

#include <algorithm>
#include <cstring>

namespace weft::sim {

namespace {

constexpr std::uint64_t page_size = 4096;
constexpr std::uint64_t sector_size = 512;
constexpr int most_links = 16;

bool is_inside(const std::string& path, std::string_view directory) { return disk_tree::parent_of(path) == directory; }

}  // namespace

void disk_file::write(std::uint64_t offset, const std::byte* from, std::size_t bytes) {
  ++moment_;
  if (bytes == 0) return;
  if (offset + bytes > data.size()) resize(offset + bytes);
  std::memcpy(data.data() + offset, from, bytes);
  for (std::uint64_t page = offset / page_size; page * page_size < offset + bytes; ++page) unforced_[page] = moment_;
}

void disk_file::resize(std::uint64_t bytes) {
  resized_at_ = ++moment_;
  data.resize(bytes);
}

void disk_file::keep_page(std::uint64_t page) {
  const std::uint64_t first = page * page_size;
  const std::uint64_t end = std::min<std::uint64_t>(first + page_size, std::min(data.size(), forced_.size()));
  if (first < end) std::memcpy(forced_.data() + first, data.data() + first, end - first);
}

disk_file::forced_content disk_file::begin_force() const {
  forced_content covered{moment_, data.size(), {}};
  for (const auto& [page, moment] : unforced_) {
    const std::uint64_t first = std::min<std::uint64_t>(page * page_size, data.size());
    const std::uint64_t end = std::min<std::uint64_t>(first + page_size, data.size());
    covered.pages[page].assign(data.begin() + static_cast<std::ptrdiff_t>(first),
                               data.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return covered;
}

void disk_file::force(const forced_content& what) {
  if (what.moment < forced_moment_) return;  // one that began later has ended before
  forced_moment_ = what.moment;
  forced_.resize(what.bytes);
  for (const auto& [page, content] : what.pages) {
    if (content.empty()) continue;  // behind the end of a file that was made shorter
    std::copy(content.begin(), content.end(), forced_.begin() + static_cast<std::ptrdiff_t>(page * page_size));
    const auto unforced = unforced_.find(page);
    if (unforced != unforced_.end() && unforced->second <= what.moment) unforced_.erase(unforced);
  }
}

void disk_file::tear_page(std::uint64_t page, random_source& random, bool sectors_are_atomic) {
  const std::uint64_t end_of_file = std::min(data.size(), forced_.size());
  for (std::uint64_t at = page * page_size; at < (page + 1) * page_size && at < end_of_file; at += sector_size) {
    const std::uint64_t bytes = std::min(sector_size, end_of_file - at);
    const std::uint64_t fate = random.below(4);
    if (fate == 0) continue;  // never written
    std::memcpy(forced_.data() + at, data.data() + at, bytes);
    if (fate < 3 || sectors_are_atomic) continue;
    const std::uint64_t first = random.below(bytes);
    for (std::uint64_t i = first; i < bytes; ++i) forced_[at + i] = static_cast<std::byte>(random() & 0xff);
  }
}

void disk_file::lose_power(random_source& random, bool sectors_are_atomic) {
  if (forced_.size() != data.size() && random.below(2) == 0) forced_.resize(data.size());
  for (const auto& page : unforced_) {
    const std::uint64_t fate = random.below(3);
    if (fate == 0) keep_page(page.first);
    if (fate == 1) tear_page(page.first, random, sectors_are_atomic);
  }
  unforced_.clear();
  data = forced_;
  sync_failure = {};
  shared_locks = 0;
  is_locked = false;
}

void disk_file::drop_some(random_source& random) {
  for (const auto& page : unforced_) {
    if (random.below(2) == 0) keep_page(page.first);
  }
  unforced_.clear();
  std::copy(forced_.begin(), forced_.begin() + static_cast<std::ptrdiff_t>(std::min(forced_.size(), data.size())),
            data.begin());
}

std::string disk_tree::clean(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      out = parent_of(out);
      continue;
    }
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

std::string disk_tree::parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

/// Replaces the first part of `name` that is a link by what it points to.
bool disk_tree::follow_link(std::string& name) const {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = name.find('/', end + 1);
    const std::string part = name.substr(0, end);
    const auto found = current_.links.find(part);
    if (found == current_.links.end()) continue;
    const std::string rest = end == std::string::npos ? std::string() : name.substr(end);
    const bool is_absolute = found->second.substr(0, 1) == "/";
    name = clean((is_absolute ? found->second : parent_of(part) + "/" + found->second) + rest);
    return true;
  }
  return false;
}

std::string disk_tree::resolve(std::string_view path) const {
  std::string name = clean(path);
  for (int i = 0; i < most_links && !current_.links.empty(); ++i) {
    if (!follow_link(name)) break;
  }
  return name;
}

bool disk_tree::take_room(std::uint64_t before, std::uint64_t after) noexcept {
  if (after > before && after - before > free_bytes()) return false;
  used_ = used_ + after - before;
  return true;
}

void disk_tree::apply(const change& one, disk_names& names) {
  switch (one.what) {
    case change_kind::file:
      names.files[one.path] = one.file;
      break;
    case change_kind::directory:
      names.directories.insert(one.path);
      break;
    case change_kind::removal:
      names.files.erase(one.path);
      names.links.erase(one.path);
      names.directories.erase(one.path);
      break;
    case change_kind::renaming: {
      const auto found = names.files.find(one.path);
      if (found == names.files.end()) break;
      const std::shared_ptr<disk_file> file = found->second;
      names.files.erase(found);
      names.links.erase(one.other);
      names.files[one.other] = file;
      break;
    }
    case change_kind::link:
      names.files.erase(one.path);
      names.links[one.path] = one.other;
      break;
  }
}

void disk_tree::make(change one) {
  apply(one, current_);
  unforced_.push_back(std::move(one));
}

void disk_tree::add_file(const std::string& path, std::shared_ptr<disk_file> file) {
  make({change_kind::file, path, {}, std::move(file)});
}
void disk_tree::add_directory(const std::string& path) { make({change_kind::directory, path, {}, nullptr}); }
void disk_tree::remove(const std::string& path) { make({change_kind::removal, path, {}, nullptr}); }
void disk_tree::rename(const std::string& from, const std::string& to) {
  make({change_kind::renaming, from, to, nullptr});
}
void disk_tree::link(const std::string& target, const std::string& path) {
  make({change_kind::link, path, target, nullptr});
}

void disk_tree::force_names(std::string_view directory) {
  std::vector<change> left;
  for (change& one : unforced_) {
    const bool is_here =
        is_inside(one.path, directory) || (one.what == change_kind::renaming && is_inside(one.other, directory));
    if (is_here) {
      apply(one, forced_);
    } else {
      left.push_back(std::move(one));
    }
  }
  unforced_ = std::move(left);
}

void disk_tree::lose_power(random_source& random, bool sectors_are_atomic) {
  std::set<std::string> lost;  // directories that have lost a change lose all later ones
  for (const change& one : unforced_) {
    const std::string directory = parent_of(one.path);
    if (lost.count(directory) != 0) continue;
    if (random.below(2) == 0) {
      lost.insert(directory);
    } else {
      apply(one, forced_);
    }
  }
  unforced_.clear();
  current_ = forced_;
  used_ = 0;
  for (const auto& entry : current_.files) {
    entry.second->lose_power(random, sectors_are_atomic);
    used_ += entry.second->data.size();
  }
}

disk_tree& disks::node(int number) { return nodes_.try_emplace(number, capacity_).first->second; }

void disks::lose_power(random_source& random, bool sectors_are_atomic) {
  shared_.lose_power(random, sectors_are_atomic);
  for (auto& entry : nodes_) entry.second.lose_power(random, sectors_are_atomic);
}

}  // namespace weft::sim
