// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <weft/async/event.hpp>
#include <weft/async/loop.hpp>
#include <weft/async/task.hpp>
#include <weft/posix/task_protocol.hpp>

namespace weft::farm {

/// How a rank starts the supervisor of its tasks.
child_program supervisor_program();

/// A rank's end of the line to the supervisor of its tasks.
class worker : host_listener {
 public:
  using reports = std::vector<posix::supervised_end>;

  /// Starts the supervisor. `take` gets reports as they come, in the loop's poll phase: it must be short.
  worker(loop& on, const posix::supervisor_options& options, std::function<void(const reports&)> take);
  ~worker() override = default;
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  void start(std::span<const posix::supervised_task> tasks);
  void give_back() { say(posix::task_frame::give_back); }
  void note_stop() { say(posix::task_frame::stopping); }
  void stop() { say(posix::task_frame::stop); }
  /// No task is left: ends the supervisor, and waits for its end.
  weft::task<> close();

 private:
  void on_event(const host_event& event) noexcept override;
  void take_output(const host_event& event);
  void say(posix::task_frame kind);
  void send();

  loop& on_;
  std::function<void(const reports&)> take_;
  child_id supervisor_;
  bool closing_ = false;
  async_event ended_;
  posix::frame_parser frames_;
  byte_buffer out_;
  std::string complaints_;
};

}  // namespace weft::farm
