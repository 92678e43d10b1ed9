// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <weft/core/error.hpp>

namespace weft::mpi {

/// Messages between matched probe and receive: MPI's handles by number, from 1.
class message_table {
 public:
  std::uint64_t add(MPI_Message message) {
    if (free_.empty()) {
      messages_.push_back(message);
      return messages_.size();
    }
    const std::uint64_t id = free_.back();
    free_.pop_back();
    messages_[static_cast<std::size_t>(id - 1)] = message;
    return id;
  }

  /// The handle, no longer in the table. Throws `world_error` for a number without a message.
  MPI_Message take(std::uint64_t id) {
    const auto index = static_cast<std::size_t>(id - 1);
    if (index >= messages_.size() || messages_[index] == MPI_MESSAGE_NULL) {
      throw world_error("no matched message " + std::to_string(id), MPI_ERR_REQUEST);
    }
    const MPI_Message message = messages_[index];
    messages_[index] = MPI_MESSAGE_NULL;
    free_.push_back(id);
    return message;
  }

 private:
  std::vector<MPI_Message> messages_;
  std::vector<std::uint64_t> free_;
};

}  // namespace weft::mpi
