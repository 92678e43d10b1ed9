// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <utility>

#include <weft/message/home_wait.hpp>

namespace weft {

class once;

/// The right to do what is done once, or the news that it was done. Destroyed without `done()`, because an exception
/// passes or the task is cancelled, it goes to the next that waits.
class [[nodiscard]] once_turn {
 public:
  once_turn() noexcept = default;
  once_turn(once_turn&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
  once_turn& operator=(once_turn&& other) noexcept {
    std::swap(of_, other.of_);
    return *this;
  }
  ~once_turn();

  /// True: it is to be done here.
  explicit operator bool() const noexcept { return of_ != nullptr; }
  /// It was done; all others go on.
  void done() noexcept;

 private:
  friend class once;
  explicit once_turn(once& of) noexcept : of_(&of) {}
  once* of_ = nullptr;
};

/// Something that one task of all ranks does, and the others wait for:
///
///     if (auto turn = co_await setup.begin()) { ...; turn.done(); }
///
/// Constructing one is collective in order only, with the same home everywhere. Destroy it when no rank uses it any more
/// (after `ctx.quiescence()`); those that wait then get `operation_cancelled`.
class once : detail::home_wait {
 public:
  /// Throws `usage_error` for a home that does not exist.
  explicit once(context& ctx, meeting_options options = {}, source_location where = source_location::current());

  /// Ready when it is this task's turn, or when it was done. First come, first served.
  future<once_turn> begin(source_location where = source_location::current());

  using home_wait::home;
  using home_wait::queued;
  /// On the home rank.
  bool is_done() const noexcept { return state_ == state::done; }

 private:
  friend class once_turn;
  enum class state : std::uint8_t { idle, under_way, done };
  enum class saying : std::uint32_t { failed, done };
  struct pending;

  void came(const detail::home_waiter& who, std::uint32_t count) override;
  void told(std::uint32_t count) override;
  void declined(std::uint32_t had_turn) override;
  void next();
  void end(bool is_done) noexcept;

  state state_ = state::idle;
};

inline void once_turn::done() noexcept {
  if (of_ != nullptr) std::exchange(of_, nullptr)->end(true);
}
inline once_turn::~once_turn() {
  if (of_ != nullptr) of_->end(false);
}

}  // namespace weft
