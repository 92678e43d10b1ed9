// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <exception>

#include <weft/core/source_location.hpp>

namespace weft::detail {

struct comm_state;

/// A rank or tag that the communicator does not have.
[[noreturn]] void throw_bad_target(const char* call, const comm_state& comm, int peer, int tag, source_location where);
/// Within a catch block: the same exception; a `world_error` gets the call and its line.
[[noreturn]] void rethrow_with_place(const char* call, source_location where);
/// The world reported `code` for an operation that it had accepted.
std::exception_ptr world_failure(const char* call, int code, source_location where);

/// How a received message failed to fit.
struct mismatch_facts {
  int source;
  int tag;
  std::uint64_t received;  ///< bytes; 0 with `truncated` set: not known
  std::uint64_t expected;  ///< bytes: the size, or the room
  std::uint64_t element;   ///< bytes
  bool exact;              ///< exactly `expected` bytes were asked for
  bool truncated;
  source_location where;
};
std::exception_ptr size_mismatch(const mismatch_facts& facts);
/// Within a catch block that caught a `decode_error`: the message holds another value than was asked for.
std::exception_ptr value_mismatch(const mismatch_facts& facts, const char* cause);

}  // namespace weft::detail
