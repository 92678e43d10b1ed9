// SPDX-License-Identifier: BSL-1.0
// Notes how far each journal has been forced, behind the back of the library: this program's `pwrite` and `fdatasync` are
// the ones below. WEFT_TORTURE_FORCED names the folder; each process appends to a file of its own in it, a line for each
// force of a journal: the file's name and the end of the records that had been written before.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace {

constexpr off_t first_page = 4096;

/// Ends of records by inode. Marks in the first page, and the zeros of a new segment, are no records.
class written_ends {
 public:
  void note(int file, const char* data, std::size_t bytes, off_t offset) {
    const std::size_t head = std::min<std::size_t>(bytes, 32);
    const std::lock_guard guard(lock_);
    if (offset == 0) ends_.erase(inode_of(file));  // a new file, which may have the number of one that is gone
    if (offset < first_page || std::all_of(data, data + head, [](char c) { return c == 0; })) return;
    off_t& end = ends_[inode_of(file)];
    end = std::max(end, offset + static_cast<off_t>(bytes));
  }
  off_t of(int file) {
    const std::lock_guard guard(lock_);
    const auto found = ends_.find(inode_of(file));
    return found == ends_.end() ? 0 : found->second;
  }

 private:
  static ino_t inode_of(int file) {
    struct stat about {};
    ::fstat(file, &about);
    return about.st_ino;
  }
  std::mutex lock_;
  std::map<ino_t, off_t> ends_;
};
written_ends& ends() {
  static written_ends all;
  return all;
}

std::string path_of(int file) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  const ssize_t length = ::readlink(link.c_str(), path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : std::string();
}

void note_forced(int file, off_t end) {
  static const char* const folder = std::getenv("WEFT_TORTURE_FORCED");
  if (folder == nullptr || end == 0) return;
  const std::string path = path_of(file);
  if (!path.ends_with(".journal")) return;
  static const std::string name = std::string(folder) + "/forced." + std::to_string(::getpid());
  static const int notes = ::open(name.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  const std::string line = path.substr(path.rfind('/') + 1) + " " + std::to_string(end) + "\n";
  if (::write(notes, line.data(), line.size()) < 0) std::abort();
}

}  // namespace

extern "C" {

ssize_t pwrite(int file, const void* data, std::size_t bytes, off_t offset) {
  const auto written = static_cast<ssize_t>(::syscall(SYS_pwrite64, file, data, bytes, offset));
  if (written > 0) ends().note(file, static_cast<const char*>(data), static_cast<std::size_t>(written), offset);
  return written;
}

int fdatasync(int file) {
  const off_t end = ends().of(file);
  const int result = static_cast<int>(::syscall(SYS_fdatasync, file));
  if (result == 0) note_forced(file, end);
  return result;
}

}  // extern "C"
