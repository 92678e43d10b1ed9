// SPDX-License-Identifier: BSL-1.0
#include <weft/message/once.hpp>

#include <weft/core/planted_fault.hpp>

namespace weft {

namespace {
constexpr std::uint32_t your_turn = 1;
constexpr std::uint32_t was_done = 0;
}  // namespace

struct once::pending final : value_operation<once_turn>, detail::pending_release {
  pending(once& from, loop& loop, source_location place) noexcept : value_operation(loop, type, place), of(&from) {
    peer_ = from.home();
    released = [](pending_release& self, std::uint32_t turn) noexcept {
      auto& me = static_cast<pending&>(self);
      once& source = *std::exchange(me.of, nullptr);
      me.emplace(turn == your_turn ? once_turn(source) : once_turn());
      me.succeed();
    };
    abandoned = [](pending_release& self) noexcept {
      auto& me = static_cast<pending&>(self);
      me.of = nullptr;
      me.cancelled();
    };
  }
  ~pending() = default;
  static withdrawal leave(operation& self) noexcept {
    auto& me = static_cast<pending&>(self);
    if (me.of != nullptr) std::exchange(me.of, nullptr)->give_up(me);
    me.cancelled();
    return withdrawal::withdrawn;
  }
  static constexpr operation::type type{"once::begin", detail::never_completed, leave,
                                        detail::destroy_operation<pending>, drop_policy::withdraw};
  once* of;
};

once::once(context& ctx, meeting_options options, source_location where) : home_wait(ctx, "once", options, where) {}

future<once_turn> once::begin(source_location where) {
  auto* waits = detail::make_operation<pending>(*this, on(), where);
  future<once_turn> made(waits);
  enter(*waits, 0);
  return made;
}

void once::came(const detail::home_waiter& who, std::uint32_t) {
  if (state_ == state::done) return release(who, was_done);
  queue(who);
  if (state_ == state::idle) next();
}

void once::told(std::uint32_t count) {
  if (static_cast<saying>(count) == saying::failed) return next();
  state_ = state::done;
  release_all(was_done);
}

void once::declined(std::uint32_t had_turn) {
  if (had_turn == your_turn && !WEFT_PLANTED("once.a_turn_that_was_declined_is_lost")) next();
}

void once::next() { state_ = release_first(your_turn) ? state::under_way : state::idle; }

void once::end(bool is_done) noexcept {
  tell_or_fail(static_cast<std::uint32_t>(is_done ? saying::done : saying::failed));
}

}  // namespace weft
