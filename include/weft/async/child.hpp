// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>

#include <weft/async/future.hpp>
#include <weft/async/loop.hpp>
#include <weft/world/host.hpp>

namespace weft {

/// How a child process ended.
struct child_status {
  int exit_code = -1;  ///< -1 when a signal ended it
  int signal = 0;      ///< 0 when it exited
  bool core_dumped = false;
  bool succeeded() const noexcept { return exit_code == 0; }
};

/// A child program, watched by the loop without a thread. Destroying it while it runs kills its process group.
class child_process : host_listener {
 public:
  /// Starts the program; throws `world_error` if it cannot be started.
  child_process(loop& on, const child_program& program, source_location where = source_location::current());
  ~child_process() override;
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// Ready when the child has ended and its output has been read. Once.
  future<child_status> wait() noexcept { return ended_.get_future(); }
  /// Sends a signal to the child's process group; false when it has ended.
  bool kill(int signal);
  bool running() const noexcept { return running_; }
  /// What it wrote so far, where the program gave no files.
  const std::string& output() const noexcept { return output_; }
  const std::string& errors() const noexcept { return errors_; }

 private:
  void on_event(const host_event& event) noexcept override;

  loop& on_;
  child_id id_ = child_id::none;
  bool running_ = false;
  promise<child_status> ended_;
  std::string output_;
  std::string errors_;
};

}  // namespace weft
