// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <weft/world/storage.hpp>

namespace weft::farm {

/// Appends lines to a file of the shared name space, many to a write. What is still held back when it is destroyed
/// is written then.
class results_writer {
 public:
  /// Makes the file, or goes on behind what is in it; throws `usage_error` if that cannot be done.
  results_writer(storage& files, std::string path);
  ~results_writer();
  results_writer(const results_writer&) = delete;
  results_writer& operator=(const results_writer&) = delete;

  /// Holds the line back until there is enough for a write, or `flush`.
  void append(std::string_view line);
  /// Throws `error` if the file cannot be written; the lines are kept, and a later call tries again.
  void flush();
  /// At the end: if another file has come to stand under the name (a survivor of an earlier run, cut off in the midst of
  /// its start, may do that), what was written here takes its place. Throws `error`.
  void keep_name();

 private:
  static constexpr std::size_t enough = std::size_t{1} << 16;

  storage_result write();
  void replace_by_copy();

  storage& files_;
  std::string path_;
  file_id file_ = file_id::none;
  std::uint64_t written_ = 0;
  std::string held_;
};

}  // namespace weft::farm
