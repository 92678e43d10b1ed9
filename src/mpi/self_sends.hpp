// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "mpi/datatypes.hpp"

namespace weft::mpi {

/// Short messages of a rank to itself.
///
/// Open MPI 4.1 cuts a contiguous message of up to 256 bytes to oneself down to a posted receive that is too short, and
/// says nothing (its inlined send hands the receive two segments, whose length it then takes from what fitted). A
/// synchronous send takes another path and reports the truncation. So that the caller's send still finishes at once, as
/// every short send does, the bytes are copied here.
class self_sends {
 public:
  static constexpr std::size_t largest = 256;

  ~self_sends();

  /// Copies `bytes` (at most `largest`) of contiguous `data` and sends them.
  void send(const void* data, std::size_t bytes, const wire& message, int self, int tag, MPI_Comm comm);
  bool empty() const noexcept { return pending_.empty(); }
  /// Forgets those that were received.
  void reap();

 private:
  struct parcel {
    std::array<std::byte, largest> data;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  std::vector<std::unique_ptr<parcel>> pending_;
  std::vector<std::unique_ptr<parcel>> spare_;
};

}  // namespace weft::mpi
