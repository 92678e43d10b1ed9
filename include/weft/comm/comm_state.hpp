// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <weft/async/loop.hpp>
#include <weft/comm/matcher.hpp>
#include <weft/core/bytes.hpp>
#include <weft/world/transport.hpp>

namespace weft::detail {

struct collective_part;

/// What all copies of a communicator on one rank share. The last reference (a copy, or a pending operation) to leave
/// frees the transport's communicator if it is owned. One thread.
struct comm_state {
  comm_state(loop& loop_of_rank, comm_id number, bool is_owned);
  comm_state(const comm_state&) = delete;
  comm_state& operator=(const comm_state&) = delete;

  /// A cleared buffer, with capacity if one was given back.
  byte_buffer take_buffer() noexcept;
  /// Keeps the buffer for the next `take_buffer`, or leaves it to its owner if there are enough or it is too large.
  void give_back(byte_buffer&& buffer) noexcept {
    if (buffer.capacity() != 0 && buffer.capacity() <= largest_kept && buffers_.size() < most_buffers) keep(buffer);
  }
  void add_reference() noexcept { ++references; }
  void release() noexcept {
    if (--references == 0) destroy();
  }

  loop& on;
  comm_id id;
  int rank;
  int size;
  bool owned;
  std::uint32_t references = 0;
  matcher matching;
  // Collectives whose calls wait for those of an earlier one (comm/collective.hpp).
  bool collective_under_way = false;
  collective_part* first_collective = nullptr;
  collective_part* last_collective = nullptr;

 private:
  ~comm_state() = default;
  void destroy() noexcept;
  void keep(byte_buffer& buffer) noexcept;
  static constexpr std::size_t most_buffers = 16;
  static constexpr std::size_t largest_kept = 1u << 16;
  std::vector<byte_buffer> buffers_;
};

/// A counted reference.
class comm_ref {
 public:
  comm_ref() noexcept = default;
  explicit comm_ref(comm_state* state) noexcept : state_(state) {
    if (state_ != nullptr) state_->add_reference();
  }
  comm_ref(const comm_ref& other) noexcept : comm_ref(other.state_) {}
  comm_ref(comm_ref&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  comm_ref& operator=(comm_ref other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~comm_ref() {
    if (state_ != nullptr) state_->release();
  }
  comm_state* get() const noexcept { return state_; }
  comm_state& operator*() const noexcept { return *state_; }
  comm_state* operator->() const noexcept { return state_; }

 private:
  comm_state* state_ = nullptr;
};

}  // namespace weft::detail
