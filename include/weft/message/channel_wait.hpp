// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/async/wait_list.hpp>
#include <weft/message/channel_core.hpp>

namespace weft {

template <class T>
class channel;

namespace detail {

/// How a select waits for one of its choices.
template <class Choice>
class choice_of;

/// A get that waits: part of the operation of its future, or of a select.
template <class T>
struct get_place : queued_wait {
  /// An item for it, or the end. It has left the list.
  void (*arrived)(get_place& self, std::optional<T>&& item) noexcept = nullptr;
  channel<T>* from = nullptr;
};

/// A put that waits, with its item.
template <class T>
struct put_place : queued_wait {
  explicit put_place(T what) : item(std::move(what)) {}
  /// The item was taken, or never will be. It has left the list.
  void (*over)(put_place& self, bool was_closed) noexcept = nullptr;
  channel<T>* to = nullptr;
  T item;
};

template <class T>
struct channel_get final : value_operation<std::optional<T>>, get_place<T> {
  using base = value_operation<std::optional<T>>;
  channel_get(channel<T>& source, loop& on, source_location where) noexcept : base(on, type, where) {
    this->from = &source;
    this->peer_ = source.home();
    this->arrived = [](get_place<T>& self, std::optional<T>&& item) noexcept {
      auto& me = static_cast<channel_get&>(self);
      me.emplace(std::move(item));
      me.succeed();
    };
    this->abandon = [](queued_wait& self) noexcept { static_cast<channel_get&>(self).cancelled(); };
  }
  /// For one that need not wait.
  channel_get(loop& on, source_location where, std::optional<T>&& item) : base(on, type, where, unlisted) {
    this->emplace(std::move(item));
    this->succeed_unlisted();
  }
  ~channel_get() = default;
  static withdrawal leave(operation& self) noexcept {
    auto& me = static_cast<channel_get&>(self);
    if (me.list != nullptr) me.from->leave(static_cast<get_place<T>&>(me));
    me.cancelled();
    return withdrawal::withdrawn;
  }
  static constexpr operation::type type{"channel::get", never_completed, leave, destroy_operation<channel_get>,
                                        drop_policy::withdraw};
};

template <class T>
struct channel_put final : value_operation<void>, put_place<T> {
  channel_put(channel<T>& into, loop& on, T&& what, source_location where)
      : value_operation<void>(on, type, where), put_place<T>(std::move(what)) {
    this->to = &into;
    this->peer_ = into.home();
    this->over = [](put_place<T>& self, bool was_closed) noexcept {
      auto& me = static_cast<channel_put&>(self);
      if (was_closed) return me.fail(std::make_exception_ptr(channel_closed(me.where())));
      me.succeed();
    };
    this->abandon = [](queued_wait& self) noexcept { static_cast<channel_put&>(self).cancelled(); };
  }
  ~channel_put() = default;
  static withdrawal leave(operation& self) noexcept {
    auto& me = static_cast<channel_put&>(self);
    if (me.list != nullptr) me.to->leave(static_cast<put_place<T>&>(me));
    me.cancelled();
    return withdrawal::withdrawn;
  }
  static constexpr operation::type type{"channel::put", never_completed, leave, destroy_operation<channel_put>,
                                        drop_policy::withdraw};
};

}  // namespace detail
}  // namespace weft
