// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <weft/posix/file_descriptor.hpp>
#include <weft/world/host.hpp>

namespace weft::posix {

/// What comes before each piece of a task's output in a log; docs/farm.md has the bytes.
struct output_frame {
  static constexpr std::uint32_t magic_number = 0x54554f57;  ///< "WOUT", little-endian
  static constexpr std::uint64_t none = ~std::uint64_t{0};
  std::uint32_t magic = magic_number;
  std::uint32_t checksum = 0;  ///< CRC-32C of what follows in this header, then of the piece
  std::uint64_t task = 0;
  std::uint64_t previous = none;  ///< offset of the frame before this one of the same attempt
  std::uint32_t attempt = 0;
  std::uint32_t length = 0;  ///< of the piece, which follows
  std::uint32_t stream = 0;  ///< 1: standard output, 2: standard error
  std::uint32_t reserved = 0;
};
static_assert(sizeof(output_frame) == 40);

/// The checksum that a frame with this piece must have.
std::uint32_t checksum_of(const output_frame& head, std::span<const std::byte> piece) noexcept;

/// What one attempt at a task has written so far.
struct task_output {
  std::uint64_t task = 0;
  std::uint32_t attempt = 1;
  std::uint64_t last = output_frame::none;  ///< offset of its newest frame
  std::array<std::uint64_t, 2> kept{};      ///< bytes of standard output and error
  std::uint64_t cut = 0;                    ///< bytes beyond the limit, thrown away
  bool is_silent() const noexcept { return last == output_frame::none && cut == 0; }
};

/// Appends the output of tasks to one log, PATH.log with PATH.index, that all processes of a node share: every frame is
/// one write to a file opened for appending, so that frames of several processes never mix.
class output_log {
 public:
  /// Opens the files, made if missing. Throws `world_error`.
  explicit output_log(const std::string& path, std::uint64_t limit);

  /// Appends a piece; what goes beyond the limit is only counted. Throws `world_error` (a full disk).
  void write(task_output& of, output_stream stream, std::span<const std::byte> piece);
  /// The attempt has ended: one line "task attempt last-frame output-bytes error-bytes cut-bytes" in the index. Nothing
  /// for a silent one.
  void finish(const task_output& of);

 private:
  std::string path_;
  std::uint64_t limit_;
  file_descriptor log_;
  file_descriptor index_;
};

}  // namespace weft::posix
