// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/async/future.hpp>
#include <weft/async/loop.hpp>

namespace weft::detail {

class wait_list;

/// The part of it that the queue sees.
class queued_wait {
 public:
  queued_wait* next = nullptr;
  queued_wait* previous = nullptr;
  wait_list* list = nullptr;
  void (*abandon)(queued_wait& self) noexcept = nullptr;  ///< the object is destroyed first: fail the wait
};

/// First in, first out; leaving from anywhere is O(1).
class wait_list {
 public:
  wait_list() = default;
  wait_list(const wait_list&) = delete;
  wait_list& operator=(const wait_list&) = delete;
  ~wait_list();

  bool empty() const noexcept { return first_ == nullptr; }
  queued_wait* front() const noexcept { return first_; }
  void push(queued_wait& wait) noexcept;
  void remove(queued_wait& wait) noexcept;

 private:
  queued_wait* first_ = nullptr;
  queued_wait* last_ = nullptr;
};

/// One wait in a local object (semaphore, mutex, event, work queue): an operation that stands in the object's list
/// until the object grants it. What is granted but never taken is given back by the value's own destructor. `Place`
/// derives from `queued_wait` where the object has to know more of what is waited for.
template <class T, class Place = queued_wait>
class queued_operation final : public value_operation<T>, public Place {
 public:
  queued_operation(loop& on, const operation::type& kind, source_location where) noexcept
      : value_operation<T>(on, kind, where) {
    Place::abandon = [](queued_wait& self) noexcept { static_cast<queued_operation&>(self).cancelled(); };
  }
  ~queued_operation() {
    if (Place::list != nullptr) Place::list->remove(*this);
  }
  /// The type table for waits named `name`.
  static constexpr operation::type kind(const char* name) noexcept {
    return {name, never_completed, leave, destroy_operation<queued_operation>, drop_policy::withdraw};
  }

 private:
  static withdrawal leave(operation& self) noexcept {
    auto& me = static_cast<queued_operation&>(self);
    if (me.list != nullptr) me.list->remove(me);
    me.cancelled();
    return withdrawal::withdrawn;
  }
};

}  // namespace weft::detail
