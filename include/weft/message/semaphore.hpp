// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/message/tickets.hpp>
#include <weft/port/port.hpp>

namespace weft {

class semaphore;

namespace detail {

struct semaphore_message {
  enum class kind : std::uint32_t { acquire, withdraw, release, grant };
  kind what = kind::acquire;
  std::uint32_t units = 0;
  ticket of;
};

/// One that waits at the home rank.
struct semaphore_request {
  int rank = 0;
  std::uint32_t units = 0;
  ticket of;
  std::uint64_t grants_before = 0;  ///< when it came
};

}  // namespace detail

/// Units taken from a distributed semaphore, or a lock that is held; destroying it gives them back. Must not outlive
/// the object it comes from.
class [[nodiscard]] permit {
 public:
  permit() noexcept = default;
  permit(permit&& other) noexcept : from_(std::exchange(other.from_, nullptr)), units_(other.units_) {}
  permit& operator=(permit&& other) noexcept {
    std::swap(from_, other.from_);
    std::swap(units_, other.units_);
    return *this;
  }
  ~permit() { release(); }

  bool holds() const noexcept { return from_ != nullptr; }
  std::uint32_t units() const noexcept { return holds() ? units_ : 0; }
  /// Gives them back now.
  void release() noexcept;

 private:
  friend class semaphore;
  permit(semaphore& from, std::uint32_t units) noexcept : from_(&from), units_(units) {}
  semaphore* from_ = nullptr;
  std::uint32_t units_ = 0;
};

struct semaphore_options {
  int home = 0;  ///< the rank that keeps the count and the queue of those that wait
};

/// A counting semaphore between all ranks, and between the tasks of each. First come, first served, in the order in
/// which requests reach the home rank; one that asks for many units is not overtaken by those that ask for few.
///
/// Constructing one is collective in order only, as with a port; all ranks name the same units and the same home.
/// Taking units is a message to the home rank and one back, giving them back one message that nobody waits for. The
/// home rank serves while its loop turns, or in `ctx.poll()`.
///
/// Destroy it when no rank uses it any more (after a barrier or `ctx.quiescence()`); those that wait then get
/// `operation_cancelled`.
class semaphore {
 public:
  /// Throws `usage_error` for a home that does not exist.
  semaphore(context& ctx, std::uint32_t units, semaphore_options options = {},
            source_location where = source_location::current());
  ~semaphore();
  semaphore(const semaphore&) = delete;
  semaphore& operator=(const semaphore&) = delete;

  /// Ready with so many units. A future that is dropped, or whose task is cancelled, gives up its place, and gives the
  /// units back if they were on their way. `with_timeout` bounds the wait. Throws `usage_error` for none, or for more
  /// than there are.
  future<permit> acquire(std::uint32_t units, source_location where = source_location::current());
  future<permit> acquire(source_location where = source_location::current()) { return acquire(1, where); }

  int home() const noexcept { return home_; }
  /// Requests of this rank that wait.
  std::size_t waiting() const noexcept { return mine_.size(); }

  /// On the home rank, for diagnosis; elsewhere nothing: units that each rank holds, the units that are free, and how
  /// many requests wait.
  const std::map<int, std::uint64_t>& holders() const noexcept { return holders_; }
  std::uint32_t available() const noexcept { return free_; }
  std::size_t queued() const noexcept { return queue_.size(); }
  /// The most grants to others that a request has seen between its arrival here and its own.
  std::uint64_t most_grants_waited() const noexcept { return most_grants_waited_; }

 private:
  friend class permit;
  using message = detail::semaphore_message;
  using kind = message::kind;
  struct pending;
  struct handle {
    semaphore* self;
    void operator()(int source, const message& m) const { self->take(source, m); }
  };

  void take(int source, const message& m);
  void grant();
  void granted(const message& m);
  void give_back(std::uint32_t units) noexcept;
  void give_up(pending& waits) noexcept;

  loop& on_;
  int home_;
  std::uint32_t units_;
  detail::ticket_table<pending> mine_;
  std::uint32_t free_ = 0;
  std::uint64_t grants_ = 0;
  std::uint64_t most_grants_waited_ = 0;
  std::deque<detail::semaphore_request> queue_;
  std::map<int, std::uint64_t> holders_;
  port<message> port_;
};

inline void permit::release() noexcept {
  if (from_ != nullptr) std::exchange(from_, nullptr)->give_back(units_);
}

}  // namespace weft
