// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/comm_state.hpp>

namespace weft::detail {

comm_state::comm_state(loop& loop_of_rank, comm_id number, bool is_owned)
    : on(loop_of_rank),
      id(number),
      rank(on.transport().rank(number)),
      size(on.transport().size(number)),
      owned(is_owned),
      matching(on, number) {}

void comm_state::destroy() noexcept {
  // The matcher's last messages are received before their communicator goes.
  transport* free_in = owned ? &on.transport() : nullptr;
  const comm_id freed = id;
  delete this;
  if (free_in != nullptr) free_in->free_comm(freed);
}

byte_buffer comm_state::take_buffer() noexcept {
  if (buffers_.empty()) return {};
  byte_buffer buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void comm_state::keep(byte_buffer& buffer) noexcept {
  if (buffers_.capacity() == 0) {
    try {
      buffers_.reserve(most_buffers);
    } catch (const std::bad_alloc&) {
      return;
    }
  }
  buffer.clear();
  buffers_.push_back(std::move(buffer));
}

}  // namespace weft::detail
