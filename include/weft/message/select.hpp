// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <exception>
#include <tuple>
#include <utility>

#include <weft/core/planted_fault.hpp>
#include <weft/message/channel.hpp>
#include <weft/message/select_choice.hpp>

namespace weft {

/// Which choice was taken, and what it yields: of a `getting` the item, or nothing at the channel's end; of the others
/// nothing, a future keeps its value.
template <class... Choices>
struct select_result {
  std::size_t index = 0;
  std::tuple<typename detail::choice_of<Choices>::value_type...> values;
};

namespace detail {

/// Waits for the first of its choices. One is taken, the others have done nothing.
template <class... Choices>
class select_operation final : public value_operation<select_result<Choices...>>, select_owner {
  using base = value_operation<select_result<Choices...>>;

 public:
  template <class... Given>
  select_operation(loop& on, source_location where, Given&&... choices)
      : base(on, type, where), choices_(std::forward<Given>(choices)...) {
    std::apply([this](auto&... each) { all_ = {static_cast<choice*>(&each)...}; }, choices_);
    for (std::size_t i = 0; i < all_.size(); ++i) {
      all_[i]->of = this;
      all_[i]->index = i;
    }
  }
  ~select_operation() = default;

  /// From a choice drawn by lot, so that none is favoured when several can be taken.
  void begin(source_location where) {
    check_ends(all_, where);
    const std::size_t first = draw(all_);
    for (std::size_t i = 0; i < all_.size(); ++i) {
      choice& one = *all_[(first + i) % all_.size()];
      if (one.take_now() || WEFT_PLANTED("select.the_first_is_taken_for_ready")) return taken(one.index, nullptr);
    }
    for (std::size_t i = 0; i < all_.size() && !this->done(); ++i) all_[(first + i) % all_.size()]->enter();
  }

 private:
  void taken(std::size_t index, std::exception_ptr error) noexcept override {
    if (!WEFT_PLANTED("select.the_others_go_on_waiting")) leave_all();
    if (error) return this->fail(std::move(error));
    auto& result = this->emplace();
    result.index = index;
    std::apply([&](auto&... each) { result.values = decltype(result.values)(each.value()...); }, choices_);
    this->succeed();
  }
  void abandoned() noexcept override {
    leave_all();
    this->cancelled();
  }
  void leave_all() noexcept {
    for (choice* one : all_) one->leave();
  }
  static withdrawal withdraw_all(operation& self) noexcept {
    static_cast<select_operation&>(self).abandoned();
    return withdrawal::withdrawn;
  }
  static constexpr operation::type type{"select", never_completed, withdraw_all, destroy_operation<select_operation>,
                                        drop_policy::withdraw};

  std::tuple<choice_of<Choices>...> choices_;
  std::array<choice*, sizeof...(Choices)> all_;
};

}  // namespace detail

/// Waits until one of several things can be done, and does that one: `getting(c)`, `putting(c, item)`, or a future that
/// is ready, a timer for instance (Dijkstra's guarded commands, as in CSP and occam). Where several can be done one is
/// drawn by lot. The choices that are not taken have got nothing and put nothing.
///
/// A future is lent, and stays with the caller, its value in it; a `future<void>` that is moved in is withdrawn when
/// another choice is taken, and an error of it is the select's. A `putting` fails with `channel_closed` if its channel is
/// closed. Throws `usage_error` if both ends of one channel are among the choices.
template <class... Choices>
requires(sizeof...(Choices) > 0 && (detail::is_choice<detail::kept_choice<Choices>> && ...))
auto select(Choices&&... choices) {
  using waiting = detail::select_operation<detail::kept_choice<Choices>...>;
  const detail::call_site site = detail::place_of(std::get<0>(std::tie(choices...)));
  auto* waits = detail::make_operation<waiting>(*site.on, site.where, std::forward<Choices>(choices)...);
  future<select_result<detail::kept_choice<Choices>...>> made(waits);
  waits->begin(site.where);
  return made;
}

}  // namespace weft
