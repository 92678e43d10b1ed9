// SPDX-License-Identifier: BSL-1.0
#include <weft/message/select_choice.hpp>

#include <weft/core/error.hpp>

namespace weft::detail {

void check_ends(std::span<choice* const> all, source_location where) {
  for (choice* one : all) {
    for (choice* other : all) {
      if (one->core() == nullptr || one->core() != other->core() || one->is_put() == other->is_put()) continue;
      throw usage_error("a select waits for both ends of one channel", where);
    }
  }
}

std::size_t draw(std::span<choice* const> all) noexcept {
  for (choice* one : all) {
    if (channel_core* core = one->core()) return static_cast<std::size_t>(core->lots().below(all.size()));
  }
  return 0;
}

}  // namespace weft::detail
