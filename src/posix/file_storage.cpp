// SPDX-License-Identifier: BSL-1.0
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <utility>
#include <weft/core/error.hpp>
#include <weft/posix/file_descriptor.hpp>
#include <weft/posix/file_storage.hpp>

namespace weft::posix {
namespace {

using namespace std::chrono_literals;

storage_result failure(int code) noexcept {
  switch (code) {
    case EEXIST:
      return {storage_status::exists, code};
    case ENOENT:
      return {storage_status::missing, code};
    case ENOSPC:
    case EDQUOT:
      return {storage_status::no_space, code};
    case EACCES:
    case EPERM:
    case EROFS:
      return {storage_status::denied, code};
    default:
      return {storage_status::failed, code};
  }
}

/// The result of a system call that answers 0 or -1.
storage_result result_of(int returned) noexcept { return returned == 0 ? storage_result{} : failure(errno); }

template <class Call>
auto retried(Call call) {
  auto returned = call();
  while (returned < 0 && errno == EINTR) returned = call();
  return returned;
}

bool fits_offset(std::uint64_t offset, std::uint64_t bytes) noexcept {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  return offset <= most && bytes <= most - offset;
}

int flags_of(open_mode mode) noexcept {
  switch (mode) {
    case open_mode::read_only:
      return O_RDONLY;
    case open_mode::read_write:
      return O_RDWR;
    case open_mode::create:
      return O_RDWR | O_CREAT;
    case open_mode::create_exclusive:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

storage_result write_all(int descriptor, std::uint64_t offset, std::span<const std::byte> data) {
  while (!data.empty()) {
    const ssize_t written =
        retried([&] { return ::pwrite(descriptor, data.data(), data.size(), static_cast<off_t>(offset)); });
    if (written < 0) return failure(errno);
    if (written == 0) return failure(EIO);
    data = data.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

/// For file systems that cannot reserve (NFS before 4.2, older Lustre): zeros take the room for certain.
storage_result fill_with_zeros(int descriptor, std::uint64_t from, std::uint64_t to) {
  const std::vector<std::byte> zeros(std::min<std::uint64_t>(to - from, 1U << 20));
  while (from < to) {
    const std::size_t piece = std::min<std::uint64_t>(to - from, zeros.size());
    const storage_result written = write_all(descriptor, from, std::span(zeros).first(piece));
    if (!written) return written;
    from += piece;
  }
  return {};
}

struct flock whole_file(short type) noexcept {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;  // start 0, length 0: up to the end, wherever it is
  return range;
}

bool is_directory(int directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat info {};
  return ::fstatat(directory, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
}

std::string default_node_root() {
  const char* directory = ::getenv("TMPDIR");
  return directory != nullptr && *directory != '\0' ? directory : "/tmp";
}

}  // namespace

/// Shared with the helper threads: the descriptor stays open until the last of them is done with it.
struct file_storage::open_file {
  explicit open_file(int number) : descriptor(number) {}
  file_descriptor descriptor;
  std::atomic<bool> closed{false};
  /// Syncs of one file run one after the other: the kernel reports a lost page once, and a second sync running beside
  /// the first would be told that all is well.
  std::mutex sync_mutex;
  storage_result sync_failure;  ///< guarded by `sync_mutex`; final
};

struct file_storage::lock_attempt {
  std::shared_ptr<open_file> file;
  lock_kind kind;
  time_point deadline;
  void* token;
  std::chrono::nanoseconds pause;
};

file_storage::file_storage(file_storage_options options) : options_(std::move(options)) {
  if (options_.node_root.empty()) options_.node_root = default_node_root();
}

file_storage::~file_storage() { end_orphans(); }

std::string file_storage::resolve(file_space space, std::string_view path) const {
  if (path.starts_with('/')) return std::string(path);
  const std::string& root = space == file_space::shared ? options_.shared_root : options_.node_root;
  return path.empty() ? root : root + "/" + std::string(path);
}

const std::shared_ptr<file_storage::open_file>& file_storage::find(file_id file) const {
  const auto it = files_.find(static_cast<std::int32_t>(file));
  if (it == files_.end()) throw usage_error("this file is not open (closed before?)");
  return it->second;
}

// --- files -----------------------------------------------------------------------------------------------------------

storage_result file_storage::open(file_space space, std::string_view path, open_mode mode, file_id& file) {
  file = file_id::none;
  const std::string name = resolve(space, path);
  const int descriptor = retried([&] { return ::open(name.c_str(), flags_of(mode) | O_CLOEXEC, 0666); });
  if (descriptor < 0) return failure(errno);
  files_.emplace(++last_file_, std::make_shared<open_file>(descriptor));
  file = file_id{last_file_};
  return {};
}

void file_storage::close(file_id file) {
  const auto it = files_.find(static_cast<std::int32_t>(file));
  if (it == files_.end()) return;
  it->second->closed = true;
  unlock(file);  // a sync that is still running keeps the descriptor, but must not keep the lock
  files_.erase(it);
}

storage_result file_storage::preallocate(file_id file, std::uint64_t bytes) {
  const int descriptor = find(file)->descriptor.get();
  if (!fits_offset(0, bytes)) return failure(EFBIG);
  if (bytes == 0) return {};
  if (retried([&] { return ::fallocate(descriptor, 0, 0, static_cast<off_t>(bytes)); }) == 0) return {};
  if (errno != EOPNOTSUPP && errno != ENOSYS) return failure(errno);
  std::uint64_t now = 0;
  const storage_result known = size(file, now);
  if (!known || now >= bytes) return known;
  return fill_with_zeros(descriptor, now, bytes);
}

storage_result file_storage::write(file_id file, std::uint64_t offset, std::span<const std::byte> data) {
  const int descriptor = find(file)->descriptor.get();
  if (!fits_offset(offset, data.size())) return failure(EFBIG);
  return write_all(descriptor, offset, data);
}

storage_result file_storage::read(file_id file, std::uint64_t offset, std::span<std::byte> data, std::size_t& read) {
  read = 0;
  const int descriptor = find(file)->descriptor.get();
  if (!fits_offset(offset, data.size())) return failure(EINVAL);
  while (read < data.size()) {
    const ssize_t got = retried(
        [&] { return ::pread(descriptor, data.data() + read, data.size() - read, static_cast<off_t>(offset + read)); });
    if (got < 0) return failure(errno);
    if (got == 0) break;
    read += static_cast<std::size_t>(got);
  }
  return {};
}

storage_result file_storage::size(file_id file, std::uint64_t& bytes) {
  struct stat info {};
  if (::fstat(find(file)->descriptor.get(), &info) != 0) return failure(errno);
  bytes = static_cast<std::uint64_t>(info.st_size);
  return {};
}

storage_result file_storage::truncate(file_id file, std::uint64_t bytes) {
  const int descriptor = find(file)->descriptor.get();
  if (!fits_offset(0, bytes)) return failure(EFBIG);
  return result_of(retried([&] { return ::ftruncate(descriptor, static_cast<off_t>(bytes)); }));
}

// --- started and polled ----------------------------------------------------------------------------------------------

void file_storage::sync(file_id file, void* token) {
  const std::shared_ptr<open_file>& opened = find(file);
  ++started_;
  pool_.submit([this, opened, token] {
    storage_result result;
    {
      const std::lock_guard one_at_a_time(opened->sync_mutex);
      // fdatasync also forces the size, and all that is needed to find the data; only times are left out. It is never
      // repeated after an error: the kernel may have dropped the pages, and the next call would say that all is well.
      if (opened->sync_failure) opened->sync_failure = result_of(::fdatasync(opened->descriptor.get()));
      result = opened->sync_failure;
    }
    complete(token, result);
  });
}

void file_storage::sync_directory(file_space space, std::string_view path, void* token) {
  ++started_;
  pool_.submit([this, name = resolve(space, path), token] {
    const file_descriptor directory(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    complete(token, directory ? result_of(::fsync(directory.get())) : failure(errno));
  });
}

void file_storage::lock(file_id file, lock_kind kind, time_point deadline, void* token) {
  const auto attempt = std::make_shared<lock_attempt>(lock_attempt{find(file), kind, deadline, token, 1ms});
  ++started_;
  pool_.submit([this, attempt] { try_lock(attempt); });
}

void file_storage::try_lock(const std::shared_ptr<lock_attempt>& attempt) {
  open_file& file = *attempt->file;
  const int descriptor = file.descriptor.get();
  struct flock range = whole_file(attempt->kind == lock_kind::shared ? F_RDLCK : F_WRLCK);
  const int returned = retried([&] { return ::fcntl(descriptor, F_OFD_SETLK, &range); });
  const int code = errno;
  if (file.closed) {  // looked at after the attempt: whoever closed either sees our lock or is seen here
    struct flock nothing = whole_file(F_UNLCK);
    ::fcntl(descriptor, F_OFD_SETLK, &nothing);
    return complete(attempt->token, failure(ECANCELED));
  }
  if (returned == 0) return complete(attempt->token, {});
  if (code != EAGAIN && code != EACCES) return complete(attempt->token, failure(code));
  const auto now = helper_pool::clock::now();
  if (now >= attempt->deadline) return complete(attempt->token, {storage_status::timed_out, ETIMEDOUT});
  // Pauses grow to 50 ms: a lock server is not to be asked a thousand times a second by a thousand ranks.
  const auto next = std::min<time_point>(now + attempt->pause, attempt->deadline);
  attempt->pause = std::min<std::chrono::nanoseconds>(attempt->pause * 2, 50ms);
  pool_.submit([this, attempt] { try_lock(attempt); }, next);
}

void file_storage::unlock(file_id file) {
  struct flock nothing = whole_file(F_UNLCK);
  ::fcntl(find(file)->descriptor.get(), F_OFD_SETLK, &nothing);
}

void file_storage::complete(void* token, storage_result result) {
  {
    const std::lock_guard lock(mutex_);
    completed_.push_back({token, result});
    completed_count_.store(completed_.size(), std::memory_order_release);
  }
  if (options_.wake != nullptr) options_.wake(options_.wake_self);
}

std::size_t file_storage::poll(std::span<storage_completion> out) {
  if (started_ == 0 || completed_count_.load(std::memory_order_acquire) == 0) return 0;
  const std::lock_guard lock(mutex_);
  const std::size_t count = std::min(out.size(), completed_.size());
  const auto end = completed_.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(completed_.begin(), end, out.begin());
  completed_.erase(completed_.begin(), end);
  completed_count_.store(completed_.size(), std::memory_order_release);
  started_ -= count;
  return count;
}

// --- names -----------------------------------------------------------------------------------------------------------

storage_result file_storage::make_directory(file_space space, std::string_view path) {
  const std::string name = resolve(space, path);
  for (std::size_t slash = name.find('/', 1);; slash = name.find('/', slash + 1)) {
    const std::string part = name.substr(0, slash);
    if (::mkdir(part.c_str(), 0777) != 0) {
      const int code = errno;
      struct stat info {};
      // On a read-only or foreign parent mkdir may answer EROFS or EACCES for what is there already.
      if (::stat(part.c_str(), &info) != 0) return failure(code);
      if (!S_ISDIR(info.st_mode)) return failure(ENOTDIR);
    }
    if (slash == std::string::npos) return {};
  }
}

storage_result file_storage::list(file_space space, std::string_view path, std::vector<directory_entry>& entries) {
  entries.clear();
  DIR* directory = ::opendir(resolve(space, path).c_str());
  if (directory == nullptr) return failure(errno);
  errno = 0;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") entries.push_back({std::string(name), is_directory(::dirfd(directory), *entry)});
    errno = 0;
  }
  const int code = errno;
  ::closedir(directory);
  if (code != 0) return failure(code);
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return {};
}

storage_result file_storage::remove(file_space space, std::string_view path) {
  return result_of(std::remove(resolve(space, path).c_str()));
}

storage_result file_storage::rename(file_space space, std::string_view from, std::string_view to) {
  return result_of(std::rename(resolve(space, from).c_str(), resolve(space, to).c_str()));
}

storage_result file_storage::replace_link(file_space space, std::string_view target, std::string_view link) {
  const std::string name = resolve(space, link);
  const std::string points_to(target);
  // Another node may have our process number, so a name that is taken is not ours.
  for (;;) {
    const std::string fresh = name + ".new-" + std::to_string(::getpid()) + "-" + std::to_string(links_made_++);
    if (::symlink(points_to.c_str(), fresh.c_str()) != 0) {
      if (errno == EEXIST) continue;
      return failure(errno);
    }
    const storage_result renamed = result_of(std::rename(fresh.c_str(), name.c_str()));
    if (!renamed) ::unlink(fresh.c_str());
    return renamed;
  }
}

storage_result file_storage::free_space(file_space space, std::string_view path, std::uint64_t& bytes) {
  struct statvfs info {};
  if (::statvfs(resolve(space, path).c_str(), &info) != 0) return failure(errno);
  bytes = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  return {};
}

}  // namespace weft::posix
