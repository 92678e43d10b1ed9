// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

#include <weft/async/future.hpp>
#include <weft/message/tickets.hpp>
#include <weft/port/port.hpp>

namespace weft {

struct meeting_options {
  int home = 0;  ///< the rank that counts, and keeps those that wait
};

namespace detail {

struct home_message {
  enum class kind : std::uint32_t { wait, withdraw, release, declined, tell };
  kind what = kind::wait;
  std::uint32_t count = 0;
  ticket of;
};

/// One that waits at the home rank.
struct home_waiter {
  int rank = 0;
  ticket of;
};

/// What waits on its own rank for the home to release it; part of the operation of its future.
struct pending_release {
  void (*released)(pending_release& self, std::uint32_t count) noexcept = nullptr;
  void (*abandoned)(pending_release& self) noexcept = nullptr;
  ticket name;
};

/// What latch, barrier, event and once share: tasks of all ranks wait, and a home rank says when they go on.
class home_wait {
 public:
  home_wait(const home_wait&) = delete;
  home_wait& operator=(const home_wait&) = delete;

  int home() const noexcept { return home_; }
  /// On the home rank: tasks that wait.
  std::size_t queued() const noexcept { return queue_.size(); }

 protected:
  home_wait(context& ctx, std::string_view name, meeting_options options, source_location where);
  /// Those that wait get `operation_cancelled`.
  ~home_wait();

  // --- at the home ---------------------------------------------------------------------------------------------------
  virtual void came(const home_waiter& who, std::uint32_t count) = 0;
  virtual void told(std::uint32_t count) = 0;
  /// One that was released had given up when it was told.
  virtual void declined(std::uint32_t count) { static_cast<void>(count); }
  void queue(const home_waiter& who) { queue_.push_back(who); }
  void release(const home_waiter& who, std::uint32_t count = 0);
  bool release_first(std::uint32_t count = 0);
  void release_all(std::uint32_t count = 0);

  // --- on every rank -------------------------------------------------------------------------------------------------
  loop& on() const noexcept { return on_; }
  future<void> wait_for_release(const operation::type& what, std::uint32_t count, source_location where);
  void enter(pending_release& waits, std::uint32_t count);
  void give_up(pending_release& waits) noexcept;
  void tell(std::uint32_t count);
  void tell_or_fail(std::uint32_t count) noexcept;

 private:
  using message = home_message;
  using kind = message::kind;
  struct handle {
    home_wait* self;
    void operator()(int source, const message& m) const { self->take(source, m); }
  };

  void take(int source, const message& m);
  void post_or_fail(int rank, const message& m) noexcept;

  loop& on_;
  int home_;
  ticket_table<pending_release> mine_;
  std::deque<home_waiter> queue_;
  port<message> port_;
};

/// A wait that yields nothing but its end.
struct home_wait_operation final : value_operation<void>, pending_release {
  home_wait_operation(loop& loop, const operation::type& what, source_location place) noexcept;
  ~home_wait_operation() = default;
  static withdrawal leave(operation& self) noexcept;
  static constexpr operation::type named(const char* name) noexcept {
    return {name, never_completed, leave, destroy_operation<home_wait_operation>, drop_policy::withdraw};
  }
  void (*give_up)(home_wait& from, pending_release& self) noexcept = nullptr;
  home_wait* of = nullptr;  ///< while it waits
};

}  // namespace detail
}  // namespace weft
