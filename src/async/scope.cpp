// SPDX-License-Identifier: BSL-1.0
#include <weft/async/scope.hpp>

#include <weft/core/error.hpp>
#include <weft/core/planted_fault.hpp>

namespace weft {

namespace {
constexpr operation::type join_kind = detail::promised_operation<void>::named("scope join");
}  // namespace

namespace detail {

bool is_cancellation(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const operation_cancelled&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace detail

scope::scope(loop& on, source_location where) noexcept : on_(on), where_(where) {
  group_.owner = this;
  group_.failed = [](detail::task_group& self, std::exception_ptr error, source_location) noexcept {
    static_cast<group&>(self).owner->child_failed(std::move(error));
  };
  group_.emptied = [](detail::task_group& self) noexcept { static_cast<group&>(self).owner->emptied(); };
}

scope::~scope() {
  group_.cancel_all();
  if (group_.size() != 0) {
    on_.report(std::make_exception_ptr(usage_error("a scope was destroyed by one of its own children", where_)),
               "scope", where_);
    std::terminate();
  }
  if (error_) on_.report(error_, "a child of a scope that nobody joined", where_);
}

future<void> scope::join(source_location where) {
  if (joined_ && joined_->wanted()) throw usage_error("a scope is joined by one caller at a time", where);
  joined_.emplace(on_, join_kind, where);
  future<void> joined = joined_->get_future();
  if (group_.size() == 0) emptied();
  return joined;
}

void scope::child_failed(std::exception_ptr error) noexcept {
  if (error_) return;
  error_ = std::move(error);
  group_.cancel_all();
}

void scope::emptied() noexcept {
  if (!joined_) return;
  promise<void> joined = std::move(*joined_);
  joined_.reset();
  if (!joined.wanted() && !WEFT_PLANTED("loop.error_told_to_a_cancelled_join"))
    return;  // who joined was cancelled: the error is left for the next join, or the destructor
  if (error_) {
    WEFT_REACHED("loop.join_throws_the_error_of_a_child");
    joined.set_error(std::exchange(error_, nullptr));
  } else {
    joined.set_value();
  }
}

}  // namespace weft
