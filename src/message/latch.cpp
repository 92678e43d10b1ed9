// SPDX-License-Identifier: BSL-1.0
#include <weft/message/latch.hpp>

#include <string>

#include <weft/core/error.hpp>

namespace weft {

namespace {
constexpr operation::type latch_wait = detail::home_wait_operation::named("latch::wait");
}  // namespace

latch::latch(context& ctx, std::uint32_t count, meeting_options options, source_location where)
    : home_wait(ctx, "latch", options, where), left_(count) {}

future<void> latch::wait(source_location where) { return wait_for_release(latch_wait, 0, where); }

future<void> latch::arrive_and_wait(source_location where) {
  count_down();
  return wait(where);
}

void latch::came(const detail::home_waiter& who, std::uint32_t) {
  if (left_ == 0) return release(who);
  queue(who);
}

void latch::told(std::uint32_t count) {
  const std::uint32_t before = left_;
  left_ -= count < before ? count : before;
  if (left_ == 0) release_all();
  if (count > before) throw usage_error("a latch was counted down below nothing, by " + std::to_string(count - before));
}

}  // namespace weft
