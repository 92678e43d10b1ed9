// SPDX-License-Identifier: BSL-1.0
#include <weft/message/home_wait.hpp>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include <weft/core/error.hpp>

namespace weft::detail {

home_wait_operation::home_wait_operation(loop& loop, const operation::type& what, source_location place) noexcept
    : value_operation<void>(loop, what, place) {
  released = [](pending_release& self, std::uint32_t) noexcept {
    auto& me = static_cast<home_wait_operation&>(self);
    me.of = nullptr;
    me.succeed();
  };
  abandoned = [](pending_release& self) noexcept {
    auto& me = static_cast<home_wait_operation&>(self);
    me.of = nullptr;
    me.cancelled();
  };
}

withdrawal home_wait_operation::leave(operation& self) noexcept {
  auto& me = static_cast<home_wait_operation&>(self);
  if (me.of != nullptr) me.give_up(*std::exchange(me.of, nullptr), me);
  me.cancelled();
  return withdrawal::withdrawn;
}

home_wait::home_wait(context& ctx, std::string_view name, meeting_options options, source_location where)
    : on_(ctx.loop()), home_(options.home), port_(ctx, handle{this}, {.name = name, .protocol = true}, where) {
  if (home_ < 0 || home_ >= ctx.size()) {
    throw usage_error("rank " + std::to_string(home_) + " of " + std::to_string(ctx.size()) + " cannot be the home of a " +
                          std::string(name),
                      where);
  }
}

home_wait::~home_wait() {
  while (pending_release* waits = mine_.any()) {
    mine_.remove(waits->name);
    waits->abandoned(*waits);
  }
}

future<void> home_wait::wait_for_release(const operation::type& what, std::uint32_t count, source_location where) {
  auto* waits = make_operation<home_wait_operation>(on_, what, where);
  waits->peer_ = home_;
  waits->of = this;
  waits->give_up = [](home_wait& from, pending_release& self) noexcept { from.give_up(self); };
  future<void> made(waits);
  enter(*waits, count);
  return made;
}

void home_wait::enter(pending_release& waits, std::uint32_t count) {
  waits.name = mine_.add(waits);
  port_.post(home_, {kind::wait, count, waits.name});
}

void home_wait::give_up(pending_release& waits) noexcept {
  mine_.remove(waits.name);
  post_or_fail(home_, {kind::withdraw, 0, waits.name});
}

void home_wait::tell(std::uint32_t count) { port_.post(home_, {kind::tell, count, {}}); }

void home_wait::tell_or_fail(std::uint32_t count) noexcept { post_or_fail(home_, {kind::tell, count, {}}); }

void home_wait::post_or_fail(int rank, const message& m) noexcept {
  try {
    port_.post(rank, m);
  } catch (...) {
    on_.fail(std::current_exception());
  }
}

void home_wait::release(const home_waiter& who, std::uint32_t count) {
  port_.post(who.rank, {kind::release, count, who.of});
}

bool home_wait::release_first(std::uint32_t count) {
  if (queue_.empty()) return false;
  release(queue_.front(), count);
  queue_.pop_front();
  return true;
}

void home_wait::release_all(std::uint32_t count) {
  while (release_first(count)) {
  }
}

void home_wait::take(int source, const message& m) {
  switch (m.what) {
    case kind::wait:
      return came({source, m.of}, m.count);
    case kind::withdraw:
      std::erase_if(queue_, [&](const home_waiter& w) {
        return w.rank == source && w.of.slot == m.of.slot && w.of.sequence == m.of.sequence;
      });
      return;
    case kind::release: {
      pending_release* waits = mine_.find(m.of);
      if (waits == nullptr) return port_.post(home_, {kind::declined, m.count, m.of});
      mine_.remove(m.of);
      return waits->released(*waits, m.count);
    }
    case kind::declined:
      return declined(m.count);
    case kind::tell:
      return told(m.count);
  }
}

}  // namespace weft::detail
