// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <weft/message/semaphore.hpp>

namespace weft {

/// Mutual exclusion between all ranks and their tasks: `auto held = co_await m.lock();`, or `m.lock().get()` in plain
/// code. First come, first served; not recursive. A holder whose task ends, fails or is cancelled has given it back.
/// For the rest see `semaphore`.
class mutex {
 public:
  explicit mutex(context& ctx, semaphore_options options = {}, source_location where = source_location::current())
      : unit_(ctx, 1, options, where) {}

  future<permit> lock(source_location where = source_location::current()) { return unit_.acquire(1, where); }

  /// On the home rank: the rank that holds it, -1 if none does.
  int holder() const noexcept { return unit_.holders().empty() ? -1 : unit_.holders().begin()->first; }
  std::size_t queued() const noexcept { return unit_.queued(); }
  std::uint64_t most_grants_waited() const noexcept { return unit_.most_grants_waited(); }

 private:
  semaphore unit_;
};

/// As `mutex`, with two ways to hold it: alone, or together with others that share it. In the order of the requests: a
/// writer waits for the readers before it, and readers that come after it wait for the writer.
class shared_mutex {
 public:
  explicit shared_mutex(context& ctx, semaphore_options options = {},
                        source_location where = source_location::current())
      : units_(ctx, all, options, where) {}

  future<permit> lock(source_location where = source_location::current()) { return units_.acquire(all, where); }
  future<permit> lock_shared(source_location where = source_location::current()) { return units_.acquire(1, where); }

  std::size_t queued() const noexcept { return units_.queued(); }
  std::uint64_t most_grants_waited() const noexcept { return units_.most_grants_waited(); }

 private:
  static constexpr std::uint32_t all = 1u << 30;  // more than tasks that could share it
  semaphore units_;
};

}  // namespace weft
