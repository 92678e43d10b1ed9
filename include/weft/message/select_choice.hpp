// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>

#include <weft/async/future.hpp>
#include <weft/message/channel.hpp>

namespace weft {

/// A choice of `select`: an item from the channel.
template <class T>
struct get_choice {
  channel<T>* from;
  source_location where;
};
/// A choice of `select`: an item into the channel.
template <class T>
struct put_choice {
  put_choice(channel<T>& into, T what, source_location place) : to(&into), item(std::move(what)), where(place) {}
  channel<T>* to;
  T item;
  source_location where;
};

template <class T>
get_choice<T> getting(channel<T>& from, source_location where = source_location::current()) {
  return {&from, where};
}
template <class T>
get_choice<T> getting(channel_reader<T> from, source_location where = source_location::current()) {
  return {&from.origin(), where};
}
template <class T>
put_choice<T> putting(channel<T>& to, std::type_identity_t<T> item, source_location where = source_location::current()) {
  return put_choice<T>(to, std::move(item), where);
}
template <class T>
put_choice<T> putting(channel_writer<T> to, std::type_identity_t<T> item,
                      source_location where = source_location::current()) {
  return put_choice<T>(to.origin(), std::move(item), where);
}

namespace detail {

class select_owner {
 public:
  /// Once: the choice was taken, or has failed.
  virtual void taken(std::size_t index, std::exception_ptr error) noexcept = 0;
  /// What it waits for was destroyed.
  virtual void abandoned() noexcept = 0;

 protected:
  ~select_owner() = default;
};

struct choice {
  virtual bool take_now() = 0;
  /// Waits until it can be taken; that may be at once.
  virtual void enter() = 0;
  /// Does not wait any more, if it did.
  virtual void leave() noexcept = 0;
  /// Of a channel's end.
  virtual channel_core* core() noexcept { return nullptr; }
  virtual bool is_put() const noexcept { return false; }

  select_owner* of = nullptr;
  std::size_t index = 0;

 protected:
  ~choice() = default;
};

/// Throws `usage_error` if one channel is both read and written.
void check_ends(std::span<choice* const> all, source_location where);
/// With which to begin: by lot.
std::size_t draw(std::span<choice* const> all) noexcept;

template <class T>
class choice_of<get_choice<T>> final : public choice, get_place<T> {
 public:
  using value_type = std::optional<T>;
  explicit choice_of(get_choice<T> what) {
    this->from = what.from;
    this->arrived = [](get_place<T>& self, std::optional<T>&& item) noexcept {
      auto& me = static_cast<choice_of&>(self);
      me.item_ = std::move(item);
      me.of->taken(me.index, nullptr);
    };
    this->abandon = [](queued_wait& self) noexcept {
      static_cast<choice_of&>(static_cast<get_place<T>&>(self)).of->abandoned();
    };
    where_ = what.where;
  }
  bool take_now() override { return source().get_now(item_, where_); }
  void enter() override { source().enter(static_cast<get_place<T>&>(*this)); }
  void leave() noexcept override {
    if (this->list != nullptr) source().leave(static_cast<get_place<T>&>(*this));
  }
  channel_core* core() noexcept override { return &source(); }
  value_type value() noexcept { return std::move(item_); }

 private:
  channel<T>& source() noexcept { return *this->from; }
  std::optional<T> item_;
  source_location where_;
};

template <class T>
class choice_of<put_choice<T>> final : public choice, put_place<T> {
 public:
  using value_type = std::monostate;
  explicit choice_of(put_choice<T> what) : put_place<T>(std::move(what.item)), where_(what.where) {
    this->to = what.to;
    this->over = [](put_place<T>& self, bool was_closed) noexcept {
      auto& me = static_cast<choice_of&>(self);
      me.of->taken(me.index, was_closed ? std::make_exception_ptr(channel_closed(me.where_)) : nullptr);
    };
    this->abandon = [](queued_wait& self) noexcept {
      static_cast<choice_of&>(static_cast<put_place<T>&>(self)).of->abandoned();
    };
  }
  bool take_now() override { return !into().is_closed() && into().put_now(this->item); }
  void enter() override {
    if (into().is_closed()) return this->over(*this, true);
    into().enter(static_cast<put_place<T>&>(*this));
  }
  void leave() noexcept override {
    if (this->list != nullptr) into().leave(static_cast<put_place<T>&>(*this));
  }
  channel_core* core() noexcept override { return &into(); }
  bool is_put() const noexcept override { return true; }
  value_type value() noexcept { return {}; }

 private:
  channel<T>& into() noexcept { return *this->to; }
  source_location where_;
};

/// A future that the caller keeps.
class future_choice : public choice, waiter {
 public:
  using value_type = std::monostate;
  explicit future_choice(operation& what) noexcept : what_(what) {
    notify = [](waiter& self) noexcept {
      auto& me = static_cast<future_choice&>(self);
      me.of->taken(me.index, me.error());
    };
  }
  bool take_now() override { return what_.done(); }
  void enter() override { what_.set_waiter(this); }
  void leave() noexcept override {
    if (what_.current_waiter() == this) what_.set_waiter(nullptr);
  }
  value_type value() noexcept { return {}; }

 protected:
  ~future_choice() = default;
  virtual std::exception_ptr error() noexcept { return nullptr; }

 private:
  operation& what_;
};
template <class T>
class choice_of<future<T>&> final : public future_choice {
 public:
  explicit choice_of(future<T>& what) noexcept : future_choice(*what.state()) {}
};

/// One that was moved in.
template <>
class choice_of<future<void>> final : public future_choice {
 public:
  explicit choice_of(future<void>&& what) noexcept : future_choice(*what.state()), own_(std::move(what)) {}
  void leave() noexcept override {
    future_choice::leave();
    own_.state()->withdraw();
  }

 private:
  std::exception_ptr error() noexcept override {
    own_.state()->mark_seen();
    return own_.state()->error();
  }
  future<void> own_;
};

template <class C>
inline constexpr bool is_choice = false;
template <class T>
inline constexpr bool is_choice<get_choice<T>> = true;
template <class T>
inline constexpr bool is_choice<put_choice<T>> = true;
template <class T>
inline constexpr bool is_choice<future<T>&> = true;
template <>
inline constexpr bool is_choice<future<void>> = true;

/// A lent future is kept as a reference, all else as itself.
template <class C>
using kept_choice = std::conditional_t<is_future<std::remove_cvref_t<C>> && std::is_lvalue_reference_v<C>, C,
                                       std::remove_cvref_t<C>>;

struct call_site {
  loop* on;
  source_location where;
};
template <class T>
call_site place_of(const get_choice<T>& first) noexcept {
  return {&first.from->on(), first.where};
}
template <class T>
call_site place_of(const put_choice<T>& first) noexcept {
  return {&first.to->on(), first.where};
}
template <class T>
call_site place_of(const future<T>& first) noexcept {
  return {&first.state()->on(), first.state()->where()};
}

}  // namespace detail
}  // namespace weft
