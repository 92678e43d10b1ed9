// SPDX-License-Identifier: BSL-1.0
#include "text_file.hpp"

#include <span>
#include <system_error>
#include <vector>

#include <weft/core/error.hpp>

namespace weft::farm {
namespace {

constexpr auto space = file_space::shared;

/// Closes the file on every way out.
class opened {
 public:
  opened(storage& files, file_id file) : files_(files), file_(file) {}
  ~opened() { files_.close(file_); }
  opened(const opened&) = delete;
  opened& operator=(const opened&) = delete;

 private:
  storage& files_;
  file_id file_;
};

std::string text_of(storage_result why) { return std::generic_category().message(why.code); }

}  // namespace

void read_pieces(storage& files, const std::string& path, const std::string& what,
                 const std::function<void(std::string_view)>& take) {
  const auto check = [&](storage_result result) {
    if (!result) throw usage_error("cannot read " + what + " '" + path + "': " + text_of(result));
  };
  file_id file = file_id::none;
  check(files.open(space, path, open_mode::read_only, file));
  const opened closed_at_end(files, file);
  std::vector<std::byte> piece(std::size_t{1} << 16);
  for (std::uint64_t offset = 0;;) {
    std::size_t n = 0;
    check(files.read(file, offset, piece, n));
    if (n == 0) return;
    take({reinterpret_cast<const char*>(piece.data()), n});
    offset += n;
  }
}

std::string read_text_file(storage& files, const std::string& path, const std::string& what) {
  std::string content;
  const auto take = [&](std::string_view piece) { content += piece; };
  read_pieces(files, path, what, take);
  return content;
}

void write_text_file(storage& files, const std::string& path, std::string_view content) {
  const auto check = [&](storage_result result) {
    if (!result) throw error("cannot write '" + path + "': " + text_of(result));
  };
  file_id file = file_id::none;
  check(files.open(space, path, open_mode::create, file));
  const opened closed_at_end(files, file);
  check(files.truncate(file, 0));
  check(files.write(file, 0, std::as_bytes(std::span(content))));
}

bool file_exists(storage& files, const std::string& path) {
  file_id file = file_id::none;
  if (!files.open(space, path, open_mode::read_only, file)) return false;
  files.close(file);
  return true;
}

}  // namespace weft::farm
