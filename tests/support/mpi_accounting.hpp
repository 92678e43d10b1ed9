// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <string>

namespace weft::test {

/// What MPI hands out and wants back.
enum class handle_kind : std::size_t {
  request,
  communicator,
  datatype,
  operation,
  group,
  window,
  message,
  info,
  error_handler,
  keyval
};
inline constexpr std::size_t handle_kinds = 10;

/// How many handles of each kind this process has made and not yet given back. Counted by definitions of the MPI
/// functions (MPI's profiling interface) that are linked into every program of tests/mpi; predefined handles do not
/// count. A persistent request counts from its making to its freeing, whether active or not; a message is one that was
/// matched by a probe and not yet received.
struct handle_counts {
  std::array<long, handle_kinds> by_kind = {};

  long operator[](handle_kind kind) const { return by_kind[static_cast<std::size_t>(kind)]; }
  long total() const;
  bool operator==(const handle_counts&) const = default;
};

handle_counts open_handles();

/// What `now` has beyond `before`: "2 requests, 1 datatype", or "" if nothing.
std::string describe_growth(const handle_counts& before, const handle_counts& now);

}  // namespace weft::test
