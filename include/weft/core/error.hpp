// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <exception>
#include <string>

#include <weft/core/source_location.hpp>

namespace weft {

/// Process exit codes of every weft program and app (README, "Exit codes").
enum class exit_code : int {
  ok = 0,
  runtime_error = 1,
  usage = 2,
  tasks_failed = 3,
  stopped_early = 4,
  hang = 5,
  environment = 6,
};

/// Base of everything that weft throws. Carries the source line of the call that failed; the text is complete and
/// says the cause first, then the cure where there is one.
class error : public std::exception {
 public:
  explicit error(std::string text, source_location where = {});
  const char* what() const noexcept override { return text_.c_str(); }
  const source_location& where() const noexcept { return where_; }

 private:
  std::string text_;
  source_location where_;
};

/// A blocking call was made from code that the loop itself runs. The text names the line and the awaited spelling.
class would_deadlock : public error {
 public:
  would_deadlock(const char* call, source_location where);
};

/// A deadline passed before the operation completed; the operation was withdrawn and had no effect.
class timed_out : public error {
 public:
  explicit timed_out(const char* what_waited, source_location where);
};

/// The awaiting task was cancelled (its scope was cancelled or destroyed, or `future::cancel` was called).
class operation_cancelled : public error {
 public:
  explicit operation_cancelled(const char* what_waited, source_location where = {});
};

/// A received message does not fit what was asked for: too long, no whole number of elements, or another type.
class message_mismatch : public error {
 public:
  message_mismatch(std::string text, int source, int tag, std::uint64_t expected_bytes, std::uint64_t received_bytes,
                   source_location where);
  int source() const noexcept { return source_; }
  int tag() const noexcept { return tag_; }
  std::uint64_t expected_bytes() const noexcept { return expected_; }
  std::uint64_t received_bytes() const noexcept { return received_; }

 private:
  int source_;
  int tag_;
  std::uint64_t expected_;
  std::uint64_t received_;
};

/// Bytes that cannot be decoded as the value asked for (truncated, hostile length, wrong type hash, unknown version).
class decode_error : public error {
 public:
  using error::error;
};

/// The world (MPI, an operating-system call) refused an operation; `code` is its own number.
class world_error : public error {
 public:
  world_error(std::string text, int code, source_location where = {});
  int code() const noexcept { return code_; }

 private:
  int code_;
};

/// This world does not offer the named optional part.
class not_supported : public error {
 public:
  explicit not_supported(const char* part);
};

/// The caller broke a rule of the interface (put after close, ports in different order, a second close, ...).
class usage_error : public error {
 public:
  using error::error;
};

/// The machine or launcher is unfit (another MPI's mpirun, a missing tool): exit code 6.
class environment_error : public error {
 public:
  using error::error;
};

/// " (file.cpp:12 in f)" with the directory cut off, or "" for an unknown place. For error texts.
std::string describe(const source_location& where);

/// The text of an exception, whatever it is.
std::string text_of(const std::exception_ptr& error);

}  // namespace weft
