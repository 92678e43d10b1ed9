// SPDX-License-Identifier: BSL-1.0
#include "task_list.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include <weft/core/error.hpp>

namespace weft::farm {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";  // some editors put it before UTF-8

[[noreturn]] void refuse(const std::string& path, storage_result why) {
  throw usage_error("cannot read the task list '" + path + "': " + std::generic_category().message(why.code));
}

/// Closes the file on every way out.
class opened {
 public:
  opened(storage& files, const std::string& path) : files_(files) {
    if (const auto result = files.open(file_space::shared, path, open_mode::read_only, file_); !result) {
      refuse(path, result);
    }
  }
  ~opened() { files_.close(file_); }
  opened(const opened&) = delete;
  opened& operator=(const opened&) = delete;
  file_id id() const { return file_; }

 private:
  storage& files_;
  file_id file_ = file_id::none;
};

}  // namespace

void task_parser::end_line() {
  std::string_view line = line_;
  if (number_ == 1 && line.substr(0, byte_order_mark.size()) == byte_order_mark) {
    line.remove_prefix(byte_order_mark.size());
  }
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  const auto start = line.find_first_not_of(blanks);
  if (start != std::string_view::npos && line[start] != '#') {
    if (line.find('\0') != std::string_view::npos) {
      throw usage_error("line " + std::to_string(number_) + " of the task list '" + name_ +
                        "' holds a NUL byte; is it a text file?");
    }
    tasks_.push_back({number_, std::string(line)});
  }
  line_.clear();
  ++number_;
}

void task_parser::feed(std::string_view piece) {
  for (auto end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
    line_.append(piece.substr(0, end));
    piece.remove_prefix(end + 1);
    end_line();
  }
  line_.append(piece);
}

std::vector<task> task_parser::finish() {
  if (!line_.empty()) end_line();
  return std::move(tasks_);
}

std::vector<task> read_task_list(storage& files, const std::string& path) {
  const opened file(files, path);
  task_parser parser(path);
  std::vector<std::byte> piece(std::size_t{1} << 16);
  for (std::uint64_t offset = 0;;) {
    std::size_t n = 0;
    if (const auto result = files.read(file.id(), offset, piece, n); !result) refuse(path, result);
    if (n == 0) return parser.finish();
    parser.feed({reinterpret_cast<const char*>(piece.data()), n});
    offset += n;
  }
}

}  // namespace weft::farm
