// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/message/tickets.hpp>
#include <weft/port/port.hpp>

namespace weft {

namespace detail {
class topic_core;
}

/// While it lives, its handler is called for the events of its topic. Must not outlive the topic.
class [[nodiscard]] subscription {
 public:
  subscription() noexcept = default;
  subscription(subscription&& other) noexcept : of_(std::exchange(other.of_, nullptr)), number_(other.number_) {}
  subscription& operator=(subscription&& other) noexcept {
    std::swap(of_, other.of_);
    std::swap(number_, other.number_);
    return *this;
  }
  ~subscription() { end(); }

  bool is_active() const noexcept { return of_ != nullptr; }
  /// Its handler is not called any more from now on.
  void end() noexcept;

 private:
  friend class detail::topic_core;
  subscription(detail::topic_core& of, std::uint64_t number) noexcept : of_(&of), number_(number) {}
  detail::topic_core* of_ = nullptr;
  std::uint64_t number_ = 0;
};

namespace detail {

struct topic_message {
  enum class kind : std::uint32_t { joined, known, left };
  kind what = kind::joined;
  std::uint32_t unused = 0;
  ticket of;
};

/// What a topic is without the type of its events: which ranks have subscribed how often, as far as this rank knows.
class topic_core {
 public:
  topic_core(const topic_core&) = delete;
  topic_core& operator=(const topic_core&) = delete;

  void end(std::uint64_t number) noexcept;

 protected:
  topic_core(context& ctx, source_location where);
  ~topic_core();

  loop& on() const noexcept { return on_; }
  const std::map<int, std::uint32_t>& audience() const noexcept { return audience_; }
  /// Tells all ranks of a subscription; ready when all know.
  future<subscription> join(std::uint64_t number, source_location where);
  virtual void forget(std::uint64_t number) noexcept = 0;

 private:
  using message = topic_message;
  using kind = message::kind;
  struct pending;
  struct handle {
    topic_core* self;
    void operator()(int source, const message& m) const { self->take(source, m); }
  };
  void take(int source, const message& m);
  void tell_all(const message& m);

  loop& on_;
  int size_;
  std::map<int, std::uint32_t> audience_;
  ticket_table<pending> joining_;
  port<message> port_;
};

}  // namespace detail

inline void subscription::end() noexcept {
  if (of_ != nullptr) std::exchange(of_, nullptr)->end(number_);
}

}  // namespace weft
