// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include <weft/message/topic_core.hpp>

namespace weft {

/// Events of one type, from whoever publishes them to all that have subscribed. One publisher's events come to a
/// subscriber in the order in which they were published; events of two publishers in any order.
///
/// An event goes from its publisher straight to each rank with a subscription, once, whatever the number of its
/// handlers. Nobody waits for it, and it is not kept for those that subscribe later.
///
/// Constructing one is collective in order only, as with a port. Destroy it when no rank uses it any more (after
/// `ctx.quiescence()`). T: anything that `docs/values.md` allows.
template <class T>
class topic final : detail::topic_core {
 public:
  using value_type = T;
  using handler = std::function<void(int publisher, const T& event)>;

  explicit topic(context& ctx, source_location where = source_location::current())
      : topic_core(ctx, where), where_(where), events_(ctx, deliver{this}, {.name = "topic"}, where) {}
  topic(const topic&) = delete;
  topic& operator=(const topic&) = delete;

  /// To all subscriptions that this rank knows of.
  void publish(const T& event) {
    for (const auto& [rank, subscriptions] : audience()) events_.post(rank, event);
  }
  /// The handler is called on this rank's loop, for events from now on; ready when every rank knows, so that nothing that
  /// is published afterwards is missed. What the handler throws is reported. A future that is dropped before ends it.
  template <safe_callable F>
  requires std::is_invocable_v<std::decay_t<F>&, int, const T&>
  future<subscription> subscribe(F&& call, source_location where = source_location::current()) {
    const std::uint64_t number = ++last_;
    handlers_.emplace(number, std::forward<F>(call));
    return join(number, where);
  }
  /// Handlers on this rank.
  std::size_t handlers() const noexcept { return handlers_.size(); }

 private:
  struct deliver {
    topic* self;
    void operator()(int publisher, const T& event) const { self->call_all(publisher, event); }
  };
  /// A handler may end its own subscription, or another one.
  void call_all(int publisher, const T& event) {
    std::vector<std::uint64_t> present;
    for (const auto& each : handlers_) present.push_back(each.first);
    for (const std::uint64_t number : present) {
      const auto found = handlers_.find(number);
      if (found == handlers_.end()) continue;
      const handler call = found->second;
      try {
        call(publisher, event);
      } catch (...) {
        on().report(std::current_exception(), "a handler of a topic", where_);
      }
    }
  }
  void forget(std::uint64_t number) noexcept override { handlers_.erase(number); }

  source_location where_;
  std::map<std::uint64_t, handler> handlers_;
  std::uint64_t last_ = 0;
  port<T> events_;
};

}  // namespace weft
