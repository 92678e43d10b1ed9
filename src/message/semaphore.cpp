// SPDX-License-Identifier: BSL-1.0
#include <weft/message/semaphore.hpp>

#include <algorithm>
#include <string>

#include <weft/core/error.hpp>

namespace weft {

/// A request that waits for its grant.
struct semaphore::pending final : value_operation<permit> {
  pending(loop& on, semaphore& from, source_location place) noexcept : value_operation(on, type, place), of(&from) {
    peer_ = from.home();
  }
  ~pending() = default;
  static withdrawal leave(operation& self) noexcept {
    auto& me = static_cast<pending&>(self);
    if (me.of != nullptr) me.of->give_up(me);
    me.cancelled();
    return withdrawal::withdrawn;
  }
  static constexpr operation::type type{"semaphore::acquire", detail::never_completed, leave,
                                        detail::destroy_operation<pending>, drop_policy::withdraw};
  semaphore* of;
  detail::ticket name;
};

semaphore::semaphore(context& ctx, std::uint32_t units, semaphore_options options, source_location where)
    : on_(ctx.loop()),
      home_(options.home),
      units_(units),
      free_(ctx.rank() == options.home ? units : 0),
      port_(ctx, handle{this}, {.name = "semaphore", .protocol = true}, where) {
  if (home_ < 0 || home_ >= ctx.size()) {
    throw usage_error(
        "rank " + std::to_string(home_) + " of " + std::to_string(ctx.size()) + " cannot be the home of a semaphore",
        where);
  }
}

semaphore::~semaphore() {
  while (pending* waits = mine_.any()) {
    mine_.remove(waits->name);
    waits->of = nullptr;
    waits->cancelled();
  }
}

future<permit> semaphore::acquire(std::uint32_t units, source_location where) {
  if (units == 0 || units > units_) {
    throw usage_error(std::to_string(units) + " units of a semaphore of " + std::to_string(units_) + " were asked for",
                      where);
  }
  auto* waits = detail::make_operation<pending>(on_, *this, where);
  waits->name = mine_.add(*waits);
  future<permit> made(waits);
  port_.post(home_, {kind::acquire, units, waits->name});
  return made;
}

void semaphore::give_up(pending& waits) noexcept {
  mine_.remove(waits.name);
  waits.of = nullptr;
  try {
    port_.post(home_, {kind::withdraw, 0, waits.name});
  } catch (...) {
    on_.fail(std::current_exception());
  }
}

void semaphore::give_back(std::uint32_t units) noexcept {
  try {
    port_.post(home_, {kind::release, units, {}});
  } catch (...) {
    on_.fail(std::current_exception());
  }
}

void semaphore::take(int source, const message& m) {
  switch (m.what) {
    case kind::acquire:
      queue_.push_back({source, m.units, m.of, grants_});
      break;
    case kind::release: {
      free_ += m.units;
      const auto holder = holders_.find(source);
      if (holder != holders_.end() && (holder->second -= m.units) == 0) holders_.erase(holder);
      break;
    }
    case kind::withdraw:
      // One that was granted meanwhile is not here: its rank gives the units back.
      std::erase_if(queue_, [&](const detail::semaphore_request& r) {
        return r.rank == source && r.of.slot == m.of.slot && r.of.sequence == m.of.sequence;
      });
      break;
    case kind::grant:
      granted(m);
      return;
  }
  grant();
}

/// Strictly in order: whoever needs many units is not overtaken for ever.
void semaphore::grant() {
  while (!queue_.empty() && queue_.front().units <= free_) {
    const detail::semaphore_request next = queue_.front();
    queue_.pop_front();
    free_ -= next.units;
    holders_[next.rank] += next.units;
    most_grants_waited_ = std::max(most_grants_waited_, grants_ - next.grants_before);
    ++grants_;
    port_.post(next.rank, {kind::grant, next.units, next.of});
  }
}

void semaphore::granted(const message& m) {
  pending* waits = mine_.find(m.of);
  if (waits == nullptr) return give_back(m.units);  // given up when the grant was on its way
  mine_.remove(m.of);
  waits->of = nullptr;
  waits->emplace(permit(*this, m.units));
  waits->succeed();
}

}  // namespace weft
