// SPDX-License-Identifier: BSL-1.0
#include <weft/port/context.hpp>

#include <chrono>
#include <exception>
#include <string>

#include <weft/core/error.hpp>

namespace weft {

namespace {

constexpr auto warn_late_after = std::chrono::seconds(10);

}  // namespace

// The environment is read before the world is moved into the context: arguments have no order.
context::context(std::unique_ptr<weft::world> outside)
    : context(std::move(*outside), config(environment_of(*outside->host))) {}

context::context(weft::world&& outside, config settings)
    : outside_(std::move(outside)),
      settings_(std::move(settings)),
      loop_(outside_),
      world_(loop_, world_comm),
      hub_(loop_, settings_.values().flush, abandoned_),
      started_(loop_.now()),
      unwinding_(std::uncaught_exceptions()) {
  log_output output;
  output.self = this;
  output.write = [](void* self, std::string_view line) {
    static_cast<context*>(self)->host().write(output_stream::err, line);
  };
  output.elapsed = [](void* self) {
    auto& me = *static_cast<context*>(self);
    return std::chrono::nanoseconds(me.loop_.now() - me.started_);
  };
  log_ = logger(settings_.values().log, rank(), size(), output);
}

context::~context() {
  if (std::uncaught_exceptions() <= unwinding_) report_unfinished();
  loop_.tasks().cancel_all();
  if (std::uncaught_exceptions() <= unwinding_ && !loop_.has_failed()) close();
  report_undelivered();
}

future<void> context::shutdown(source_location where) {
  loop_.tasks().cancel_all();
  return hub_.shut_down(where);
}

void context::abort(int code) {
  outside_.transport->abort(code);
  std::terminate();  // not reached; g++ 12 does not see that through the virtual call
}

void context::close() noexcept {
  try {
    future<void> closed = hub_.shut_down(source_location{});
    while (!closed.wait_for(warn_late_after)) {
      log_.warn("port", std::string("the context's shutdown takes long; phase: ") + detail::name_of(hub_.phase()));
    }
  } catch (...) {
    loop_.report(std::current_exception(), "the shutdown of a context", {});
  }
}

// What a send that was let go still has to do is no business of the program's; tasks that were not waited for are.
void context::report_unfinished() noexcept {
  if (loop_.tasks().size() == 0) return;
  try {
    log_.warn("context", "the program ends before its tasks, which are cancelled; " + loop_.pending_report());
  } catch (...) {  // no memory for a warning
  }
}

void context::report_undelivered() noexcept {
  const std::uint64_t count = hub_.undelivered();
  if (count == 0) return;
  loop_.report(nullptr,
               (std::to_string(count) + " messages came for ports that were destroyed or never constructed").c_str(),
               {});
}

}  // namespace weft
