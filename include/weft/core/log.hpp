// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace weft {

enum class log_level : std::uint8_t { error, warn, info, debug };

/// Where lines go and what time it is; given by the context, because core knows neither output nor clock.
struct log_output {
  void* self = nullptr;
  void (*write)(void* self, std::string_view line) = nullptr;  ///< one whole line with its end
  std::chrono::nanoseconds (*elapsed)(void* self) = nullptr;   ///< since the start of the program
};

/// Writes lines such as `[   12.345 r07/64] W queue: text`: seconds, rank of how many, level, room.
///
/// Every rank speaks at error, warn and debug; at info only rank 0, so that what all ranks do is said once. A text of
/// several lines becomes several lines, each with the head, each in one write: ranks cannot mix within a line.
class logger {
 public:
  /// Silent.
  logger() = default;
  logger(log_level level, int rank, int size, log_output output) noexcept
      : level_(level), rank_(rank), size_(size), output_(output) {}

  /// Whether a line of this level would be written: ask before building an expensive text.
  bool enabled(log_level level) const noexcept {
    return output_.write != nullptr && level <= level_ && (level != log_level::info || rank_ == 0);
  }

  void write(log_level level, std::string_view room, std::string_view text) const;
  void error(std::string_view room, std::string_view text) const { write(log_level::error, room, text); }
  void warn(std::string_view room, std::string_view text) const { write(log_level::warn, room, text); }
  void info(std::string_view room, std::string_view text) const { write(log_level::info, room, text); }
  void debug(std::string_view room, std::string_view text) const { write(log_level::debug, room, text); }

 private:
  log_level level_ = log_level::warn;
  int rank_ = 0;
  int size_ = 1;
  log_output output_;
};

}  // namespace weft
