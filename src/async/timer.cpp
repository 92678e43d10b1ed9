// SPDX-License-Identifier: BSL-1.0
#include <weft/async/timer.hpp>

#include <weft/core/error.hpp>

namespace weft {

namespace {

struct sleep_operation final : value_operation<void>, timer_node {
  sleep_operation(loop& on, time_point deadline, timer_role what_for, source_location where)
      : value_operation<void>(on, kind, where) {
    role = what_for;
    fire = [](timer_node& self) noexcept {
      auto& me = static_cast<sleep_operation&>(self);
      if (me.role == timer_role::background) {
        me.on().run_in_background([&me] { me.succeed(); });
      } else {
        me.succeed();
      }
    };
    on.timers().add(*this, deadline);
  }
  ~sleep_operation() { on().timers().cancel(*this); }

  static withdrawal stop(operation& self) noexcept {
    auto& me = static_cast<sleep_operation&>(self);
    me.on().timers().cancel(me);
    me.cancelled();
    return withdrawal::withdrawn;
  }
  static constexpr type kind{"sleep", detail::never_completed, stop, detail::destroy_operation<sleep_operation>,
                             drop_policy::withdraw};
};

}  // namespace

future<void> sleep_until(loop& on, time_point deadline, timer_role role, source_location where) {
  return future<void>(detail::make_operation<sleep_operation>(on, deadline, role, where));
}

future<void> sleep_for(loop& on, duration time, timer_role role, source_location where) {
  return sleep_until(on, saturating_add(on.now(), time), role, where);
}

future<void> sleep_for(duration time, timer_role role, source_location where) {
  return sleep_for(loop::current_or_throw("sleep_for", where), time, role, where);
}

future<void> sleep_until(loop& on, time_point deadline, source_location where) {
  return sleep_until(on, deadline, timer_role::foreground, where);
}

future<void> sleep_for(loop& on, duration time, source_location where) {
  return sleep_until(on, saturating_add(on.now(), time), where);
}

future<void> sleep_for(duration time, source_location where) {
  return sleep_for(loop::current_or_throw("sleep_for", where), time, where);
}

future<void> sleep_until(time_point deadline, source_location where) {
  return sleep_until(loop::current_or_throw("sleep_until", where), deadline, where);
}

periodic_timer::periodic_timer(loop& on, duration period, timer_role role)
    : on_(on), period_(period), tick_(on.now()), role_(role) {
  if (period <= duration::zero()) throw usage_error("the period of a periodic_timer must be positive");
}

future<void> periodic_timer::next(source_location where) {
  const time_point now = on_.now();
  tick_ += period_;
  if (tick_ + period_ <= now) {
    const auto whole = static_cast<std::uint64_t>((now - tick_) / period_);
    missed_ += whole;
    tick_ += period_ * static_cast<std::int64_t>(whole);
  }
  return sleep_until(on_, tick_, role_, where);
}

}  // namespace weft
