// SPDX-License-Identifier: BSL-1.0
#include <weft/message/event.hpp>

namespace weft {

namespace {
constexpr operation::type event_wait = detail::home_wait_operation::named("event::wait");
}  // namespace

event::event(context& ctx, meeting_options options, source_location where) : home_wait(ctx, "event", options, where) {}

future<void> event::wait(source_location where) { return wait_for_release(event_wait, 0, where); }

void event::came(const detail::home_waiter& who, std::uint32_t) {
  if (set_) return release(who);
  queue(who);
}

void event::told(std::uint32_t count) {
  switch (static_cast<saying>(count)) {
    case saying::set:
      set_ = true;
      return release_all();
    case saying::reset:
      set_ = false;
      return;
    case saying::notify_one:
      release_first(1);
      return;
    case saying::notify_all:
      return release_all();
  }
}

/// Woken alone, and gone: the next one is woken instead.
void event::declined(std::uint32_t was_alone) {
  if (was_alone != 0) release_first(1);
}

}  // namespace weft
