// SPDX-License-Identifier: BSL-1.0
#include "worker.hpp"

#include <exception>
#include <utility>

#include <weft/core/error.hpp>

namespace weft::farm {

child_program supervisor_program() {
  child_program program;
  // By this name it is the running program, even if another one stands under its old name by now.
  program.argv = {"/proc/self/exe", "supervise-tasks"};
  // A task that is itself an MPI program would take itself for a rank of this job, and abort.
  program.unset_prefixes = {"OMPI_", "PMIX_", "PMI_"};
  program.has_input = true;
  return program;
}

worker::worker(loop& on, const posix::supervisor_options& options, std::function<void(const reports&)> take)
    : on_(on),
      take_(std::move(take)),
      supervisor_(on.host().start(supervisor_program(), static_cast<host_listener*>(this))),
      ended_(on) {
  on.note_outside_work();
  append_frame(out_, posix::task_frame::options, options);
  send();
}

void worker::start(std::span<const posix::supervised_task> tasks) {
  for (const posix::supervised_task& task : tasks) append_frame(out_, posix::task_frame::start, task);
  send();
}

void worker::say(posix::task_frame kind) {
  append_frame(out_, kind);
  send();
}

void worker::send() {
  on_.host().give(supervisor_, out_.bytes());
  out_.clear();
}

weft::task<> worker::close() {
  closing_ = true;
  on_.host().end_input(supervisor_);
  co_await ended_.wait();
}

void worker::take_output(const host_event& event) {
  if (event.stream == output_stream::err) {
    complaints_.append(reinterpret_cast<const char*>(event.data.data()), event.data.size());
    return;
  }
  reports ends;
  frames_.feed(event.data);
  std::span<const std::byte> content;
  while (const auto kind = frames_.next(content)) {
    if (*kind == posix::task_frame::ended) ends.push_back(posix::decode_frame<posix::supervised_end>(content));
  }
  if (!ends.empty()) take_(ends);
}

void worker::on_event(const host_event& event) noexcept {
  try {
    if (event.what == host_event::kind::child_output) return take_output(event);
    if (event.what != host_event::kind::child_exit) return;
    ended_.set();
    if (closing_) return;
    while (!complaints_.empty() && complaints_.back() == '\n') complaints_.pop_back();
    const std::string why = complaints_.empty() ? "it was killed" : complaints_;
    throw error("the supervisor of this rank's tasks has ended: " + why);
  } catch (...) {
    on_.fail(std::current_exception());
  }
}

}  // namespace weft::farm
