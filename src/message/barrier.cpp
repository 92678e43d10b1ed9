// SPDX-License-Identifier: BSL-1.0
#include <weft/message/barrier.hpp>

#include <weft/core/error.hpp>

namespace weft {

namespace {
constexpr operation::type barrier_wait = detail::home_wait_operation::named("barrier::arrive_and_wait");
}  // namespace

barrier::barrier(context& ctx, std::uint32_t parties, meeting_options options, source_location where)
    : home_wait(ctx, "barrier", options, where), parties_(parties) {
  if (parties == 0) throw usage_error("nobody takes part in a barrier", where);
}

future<void> barrier::arrive_and_wait(source_location where) { return wait_for_release(barrier_wait, 1, where); }

void barrier::came(const detail::home_waiter& who, std::uint32_t) {
  queue(who);
  meet();
}

void barrier::told(std::uint32_t count) {
  if (count > parties_) throw usage_error("more have dropped out of a barrier than took part");
  parties_ -= count;
  meet();
}

void barrier::meet() {
  if (queued() == 0 || queued() < parties_) return;
  ++phase_;
  release_all();
}

}  // namespace weft
