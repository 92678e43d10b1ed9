// SPDX-License-Identifier: BSL-1.0
#include <weft/async/child.hpp>

namespace weft {

namespace {
constexpr operation::type child_kind = detail::promised_operation<child_status>::named("child");
}  // namespace

child_process::child_process(loop& on, const child_program& program, source_location where)
    : on_(on), ended_(on, child_kind, where) {
  id_ = on.host().start(program, static_cast<host_listener*>(this));
  running_ = true;
  on.note_outside_work();
}

child_process::~child_process() {
  if (running_) on_.host().abandon(id_);
}

bool child_process::kill(int signal) { return running_ && on_.host().kill(id_, signal); }

void child_process::on_event(const host_event& event) noexcept {
  if (event.what == host_event::kind::child_output) {
    std::string& text = event.stream == output_stream::out ? output_ : errors_;
    text.append(reinterpret_cast<const char*>(event.data.data()), event.data.size());
    return;
  }
  running_ = false;
  ended_.set_value(child_status{event.exit_code, event.signal, event.core_dumped});
}

}  // namespace weft
