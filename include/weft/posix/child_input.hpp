// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>
#include <weft/posix/file_descriptor.hpp>

namespace weft::posix {

/// The writing end of a child's standard input, nonblocking: keeps what the pipe does not take at once.
class child_input {
 public:
  child_input() = default;
  explicit child_input(file_descriptor pipe) noexcept : pipe_(std::move(pipe)) {}

  /// Writes, or keeps behind what is kept. False when the child reads no more, or has no input.
  bool give(std::span<const std::byte> bytes);
  /// Writes of what is kept as much as the pipe takes.
  void write_more();
  /// The input ends behind what was given.
  void end();
  void close() noexcept { pipe_.reset(); }
  /// Something is kept: `write_more` is due when the descriptor is writable.
  bool waits() const noexcept { return pipe_ && !unwritten_.empty(); }
  int descriptor() const noexcept { return pipe_.get(); }

 private:
  file_descriptor pipe_;
  std::vector<std::byte> unwritten_;
  bool ends_ = false;
};

}  // namespace weft::posix
