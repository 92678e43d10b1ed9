// SPDX-License-Identifier: BSL-1.0
#include <weft/message/topic_core.hpp>

#include <exception>

namespace weft::detail {

/// A subscription that not every rank knows of yet.
struct topic_core::pending final : value_operation<subscription> {
  pending(topic_core& from, loop& loop, std::uint64_t subscribed, source_location place) noexcept
      : value_operation(loop, type, place), of(&from), number(subscribed), missing(from.size_) {}
  ~pending() = default;
  static withdrawal leave(operation& self) noexcept {
    auto& me = static_cast<pending&>(self);
    if (me.of != nullptr) {
      me.of->joining_.remove(me.name);
      std::exchange(me.of, nullptr)->end(me.number);
    }
    me.cancelled();
    return withdrawal::withdrawn;
  }
  static constexpr operation::type type{"topic::subscribe", never_completed, leave, destroy_operation<pending>,
                                        drop_policy::withdraw};
  topic_core* of;
  ticket name;
  std::uint64_t number;
  int missing;
};

topic_core::topic_core(context& ctx, source_location where)
    : on_(ctx.loop()),
      size_(ctx.size()),
      port_(ctx, handle{this}, {.name = "topic's subscriptions", .protocol = true}, where) {}

topic_core::~topic_core() {
  while (pending* waits = joining_.any()) {
    joining_.remove(waits->name);
    waits->of = nullptr;
    waits->cancelled();
  }
}

future<subscription> topic_core::join(std::uint64_t number, source_location where) {
  auto* waits = make_operation<pending>(*this, on_, number, where);
  waits->name = joining_.add(*waits);
  future<subscription> made(waits);
  tell_all({kind::joined, 0, waits->name});
  return made;
}

void topic_core::end(std::uint64_t number) noexcept {
  forget(number);
  try {
    tell_all({kind::left, 0, {}});
  } catch (...) {
    on_.fail(std::current_exception());
  }
}

void topic_core::tell_all(const message& m) {
  for (int rank = 0; rank < size_; ++rank) port_.post(rank, m);
}

void topic_core::take(int source, const message& m) {
  switch (m.what) {
    case kind::joined:
      ++audience_[source];
      return port_.post(source, {kind::known, 0, m.of});
    case kind::left: {
      const auto member = audience_.find(source);
      if (member != audience_.end() && --member->second == 0) audience_.erase(member);
      return;
    }
    case kind::known: {
      pending* waits = joining_.find(m.of);
      if (waits == nullptr || --waits->missing > 0) return;
      joining_.remove(m.of);
      topic_core& self = *std::exchange(waits->of, nullptr);
      waits->emplace(subscription(self, waits->number));
      return waits->succeed();
    }
  }
}

}  // namespace weft::detail
