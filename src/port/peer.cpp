// SPDX-License-Identifier: BSL-1.0
#include <weft/port/peer.hpp>

#include <utility>

namespace weft::detail {

peer& peer_table::add(int rank) {
  auto made = std::make_unique<peer>(rank);
  if (4 * (count_ + 1) > 3 * slots_.size()) {
    std::vector<std::unique_ptr<peer>> old(2 * slots_.size());
    old.swap(slots_);
    for (auto& moved : old) {
      if (moved == nullptr) continue;
      std::size_t i = place(moved->rank);
      while (slots_[i] != nullptr) i = (i + 1) & (slots_.size() - 1);
      slots_[i] = std::move(moved);
    }
  }
  std::size_t i = place(rank);
  while (slots_[i] != nullptr) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = std::move(made);
  ++count_;
  return *slots_[i];
}

}  // namespace weft::detail
