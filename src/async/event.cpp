// SPDX-License-Identifier: BSL-1.0
#include <weft/async/event.hpp>

namespace weft {

namespace {
using event_operation = detail::queued_operation<void>;
constexpr operation::type event_kind = event_operation::kind("event");
}  // namespace

future<void> async_event::wait(source_location where) {
  auto* op = detail::make_operation<event_operation>(on_, event_kind, where);
  if (set_) {
    op->succeed();
  } else {
    waiting_.push(*op);
  }
  return future<void>(op);
}

void async_event::set() noexcept {
  set_ = true;
  while (!waiting_.empty()) {
    auto& op = static_cast<event_operation&>(*waiting_.front());
    waiting_.remove(op);
    op.succeed();
  }
}

}  // namespace weft
