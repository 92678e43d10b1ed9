// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/world/host.hpp>
#include <weft/world/storage.hpp>

#include "results_directory.hpp"

namespace weft::farm {

/// Where the output of an attempt at a task is.
struct found_output {
  std::string log;
  std::uint32_t attempt = 0;
  std::vector<std::uint64_t> frames;     ///< offsets in the log, in the order in which they were written
  std::array<std::uint64_t, 2> bytes{};  ///< of standard output and error
  std::uint64_t cut = 0;                 ///< bytes beyond the limit
  bool is_complete = false;              ///< the attempt has ended
};

/// Finds the output of the newest attempt at a task that has written something: by the indexes, else (an attempt that
/// has not ended) by going through the logs. Throws `error` for a damaged log.
std::optional<found_output> find_output(storage& files, const results_directory& directory, std::uint64_t task);

/// Reads the pieces in order; calls `take(stream, piece)`. Throws `error` for a damaged piece.
template <class Take>
void read_output(storage& files, const found_output& from, Take&& take);

/// The whole of one stream, or "".
std::string output_text(storage& files, const results_directory& directory, std::uint64_t task, output_stream stream);

namespace detail {
/// An open log.
class log_file {
 public:
  log_file(storage& files, const std::string& path);
  ~log_file() { files_.close(file_); }
  log_file(const log_file&) = delete;
  log_file& operator=(const log_file&) = delete;
  /// Reads the frame at an offset. Throws `error`.
  std::string_view read(std::uint64_t offset, output_stream& stream);
  /// The chain of frames that ends with the one at `last`, first one first.
  std::vector<std::uint64_t> chain(std::uint64_t last, std::uint64_t task);
  /// The last frame of the newest attempt at a task, found by going through all frames.
  std::optional<std::uint64_t> search(std::uint64_t task, std::uint32_t& attempt);

 private:
  bool get(std::uint64_t offset, void* to, std::size_t bytes);

  storage& files_;
  std::string path_;
  file_id file_ = file_id::none;
  std::string piece_;
};
}  // namespace detail

template <class Take>
void read_output(storage& files, const found_output& from, Take&& take) {
  if (from.frames.empty()) return;
  detail::log_file log(files, from.log);
  for (const std::uint64_t offset : from.frames) {
    output_stream stream = output_stream::out;
    const std::string_view piece = log.read(offset, stream);
    take(stream, piece);
  }
}

}  // namespace weft::farm
