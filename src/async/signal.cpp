// SPDX-License-Identifier: BSL-1.0
#include <weft/async/signal.hpp>

namespace weft {

namespace {
using signal_operation = detail::queued_operation<void>;
constexpr operation::type signal_kind = signal_operation::kind("signal");
}  // namespace

signal_watch::signal_watch(loop& on, int signal) : on_(on), signal_(signal) {
  on.host().watch_signal(signal, static_cast<host_listener*>(this));
  on.note_outside_work();
}

signal_watch::~signal_watch() { on_.host().unwatch_signal(signal_); }

future<void> signal_watch::next(source_location where) {
  auto* op = detail::make_operation<signal_operation>(on_, signal_kind, where);
  if (untaken_ > 0) {
    --untaken_;
    op->succeed();
  } else {
    waiting_.push(*op);
  }
  return future<void>(op);
}

void signal_watch::on_event(const host_event&) noexcept {
  ++arrivals_;
  if (waiting_.empty()) {
    ++untaken_;
    return;
  }
  auto& op = static_cast<signal_operation&>(*waiting_.front());
  waiting_.remove(op);
  op.succeed();
}

}  // namespace weft
