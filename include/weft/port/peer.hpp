// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <weft/port/frame.hpp>

namespace weft::detail {

/// What a rank keeps about another one that it has sent to or heard from. Made at first contact, never moved.
struct peer {
  static constexpr std::uint32_t no_run = ~std::uint32_t{0};

  explicit peer(int its_rank) noexcept : rank(its_rank) {}

  int rank;
  bool is_dirty = false;      ///< in the list of those with an open frame
  std::uint16_t fetches = 0;  ///< large messages of it that are being fetched
  run_kind run_what = run_kind::fixed;

  // The frame being filled. `cursor` and `limit` are valid while `open` is; `run` is where the header of the open run will stand.
  frame* open = nullptr;
  std::byte* cursor = nullptr;
  std::byte* limit = nullptr;
  std::byte* run = nullptr;
  std::uint32_t run_port = no_run;
  std::uint32_t run_type = 0;
  std::uint32_t run_count = 0;  ///< messages, if the run is not fixed
  std::uint32_t run_unit = 0;   ///< bytes of a message, if the run is fixed

  // Full frames that wait for credit.
  frame* first_queued = nullptr;
  frame* last_queued = nullptr;
  std::uint32_t queued = 0;
  std::uint32_t sent = 0;   ///< number of the last frame sent
  std::uint32_t acked = 0;  ///< frames that it says it has consumed

  std::uint32_t received = 0;  ///< number of the last frame received
  std::uint32_t consumed = 0;  ///< frames whose messages were all delivered
  std::uint32_t told = 0;      ///< the last `consumed` that it was told

  peer* next_dirty = nullptr;

  bool has_credit() const noexcept { return sent - acked < frame_window; }
  /// The number that the frame being filled will have.
  std::uint32_t next_number() const noexcept { return sent + queued + 1; }
  bool could_send(std::uint32_t number) const noexcept { return number - acked <= frame_window; }
};

/// The peers of a rank by rank: open addressing, grows with the number of contacts only.
class peer_table {
 public:
  peer& at(int rank) {
    for (std::size_t i = place(rank);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i] == nullptr) return add(rank);
      if (slots_[i]->rank == rank) return *slots_[i];
    }
  }
  template <class Visit>
  void for_each(Visit&& visit) {
    for (auto& slot : slots_) {
      if (slot != nullptr) visit(*slot);
    }
  }

 private:
  std::size_t place(int rank) const noexcept {
    return (static_cast<std::size_t>(static_cast<unsigned>(rank)) * 0x9e3779b97f4a7c15u >> 20) & (slots_.size() - 1);
  }
  peer& add(int rank);

  std::vector<std::unique_ptr<peer>> slots_ = std::vector<std::unique_ptr<peer>>(8);
  std::size_t count_ = 0;
};

}  // namespace weft::detail
