// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/async/wait_list.hpp>

namespace weft {

class async_semaphore;

/// A unit taken from a semaphore; destroying it gives it back. Must not outlive the semaphore.
class [[nodiscard]] semaphore_permit {
 public:
  semaphore_permit() noexcept = default;
  explicit semaphore_permit(async_semaphore& from) noexcept : from_(&from) {}
  semaphore_permit(semaphore_permit&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
  semaphore_permit& operator=(semaphore_permit&& other) noexcept {
    std::swap(from_, other.from_);
    return *this;
  }
  ~semaphore_permit() { release(); }

  bool holds() const noexcept { return from_ != nullptr; }
  /// Gives the unit back now.
  void release() noexcept;
  /// Keeps the unit taken: it is given back by `async_semaphore::release` later, or never.
  void detach() noexcept { from_ = nullptr; }

 private:
  async_semaphore* from_ = nullptr;
};

/// A counting semaphore between the tasks of one loop. First come, first served.
class async_semaphore {
 public:
  async_semaphore(loop& on, std::size_t units) noexcept : on_(on), units_(units) {}
  async_semaphore(const async_semaphore&) = delete;
  async_semaphore& operator=(const async_semaphore&) = delete;

  /// A unit, when there is one. A future that is dropped after it was granted gives the unit back.
  future<semaphore_permit> acquire(source_location where = source_location::current());
  /// A unit now, or a permit that does not hold one. Never overtakes a waiter.
  semaphore_permit try_acquire() noexcept;
  /// Adds units.
  void release(std::size_t units = 1) noexcept;
  std::size_t available() const noexcept { return units_; }

 private:
  void grant() noexcept;

  loop& on_;
  std::size_t units_;
  detail::wait_list waiting_;
};

inline void semaphore_permit::release() noexcept {
  if (from_ != nullptr) std::exchange(from_, nullptr)->release();
}

}  // namespace weft
