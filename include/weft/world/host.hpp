// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weft/world/time.hpp>

namespace weft {

/// The host's number of a child process, a watched signal or a watched descriptor.
enum class child_id : std::uint32_t { none = 0 };

/// A program to run. It gets a process group of its own, default signal actions and an empty signal mask, no inherited
/// descriptor but 0, 1, 2, and standard input from `/dev/null`. When it ends, what is left of its group is killed: a
/// task's end is the end of its processes. Destroying the host closes every child's input and ends its group (SIGTERM,
/// then SIGKILL).
struct child_program {
  std::vector<std::string> argv;            ///< argv[0] is looked up in this process's PATH
  std::vector<std::string> environment;     ///< "NAME=value", added to or replacing what is inherited
  std::vector<std::string> unset_prefixes;  ///< inherited variables that start with one of these are left out
  std::string directory;                    ///< working directory; empty: this process's
  /// Files that receive standard output and error (made, truncated; relative to this process's directory; both may name
  /// the same file). Empty: the bytes come as `child_output` events.
  std::string output_file;
  std::string error_file;
  /// Standard input is a pipe that `give` writes to. It ends when this process does, however that happens.
  bool has_input = false;
};

enum class output_stream : std::uint8_t { out, err };

struct host_event {
  enum class kind : std::uint8_t {
    child_output,  ///< `data` is valid until the next `poll`
    child_exit,    ///< after all of its output; `exit_code` or `signal`
    signal,        ///< `signal`
    readable,      ///< `descriptor`
    writable,      ///< `descriptor`
  };
  kind what;
  output_stream stream = output_stream::out;
  bool core_dumped = false;
  child_id child = child_id::none;
  int exit_code = -1;  ///< -1 when ended by a signal; with `signal` 0: not known, other code reaped the child
  int signal = 0;      ///< 0 when exited
  int descriptor = -1;
  void* token = nullptr;
  std::span<const std::byte> data;
};

struct cpu_facts {
  int usable = 1;  ///< processors this process may run on (affinity and cgroup limit)
  std::string model;
};

struct node_facts {
  std::string name;  ///< host name
  std::uint64_t memory_bytes = 0;
  int process_id = 0;
};

/// Processes, signals, settings, facts, entropy, output: one of the three interfaces of `world`. One thread calls it,
/// but for `wake`, which any thread may call. Nothing blocks: news is handed out by `poll`.
class host {
 public:
  virtual ~host() = default;

  // --- child processes ---------------------------------------------------------------------------------------------
  /// Starts a program; throws `world_error` if it cannot be started. Its events carry `token`.
  virtual child_id start(const child_program& program, void* token) = 0;
  /// Sends a signal to the child's whole process group. False when it is gone.
  virtual bool kill(child_id child, int signal) = 0;
  /// Kills the child's whole process group and forgets it: no event of it is handed out any more.
  virtual void abandon(child_id child) = 0;
  /// Writes to the standard input of a child that has one. What the pipe does not take at once is kept and follows
  /// while the host is polled. False when the child has ended or reads no more.
  virtual bool give(child_id child, std::span<const std::byte> bytes) = 0;
  /// The child's standard input ends behind what was given.
  virtual void end_input(child_id child) = 0;

  // --- signals and descriptors -------------------------------------------------------------------------------------
  virtual void watch_signal(int signal, void* token) = 0;  ///< from now on an event instead of its action
  virtual void unwatch_signal(int signal) = 0;
  virtual void watch_descriptor(int descriptor, bool readable, bool writable, void* token) = 0;
  virtual void unwatch_descriptor(int descriptor) = 0;

  // --- settings and facts ------------------------------------------------------------------------------------------
  virtual std::optional<std::string> variable(std::string_view name) const = 0;
  virtual std::vector<std::string> variable_names(std::string_view prefix) const = 0;
  virtual cpu_facts cpus() const = 0;
  virtual node_facts node() const = 0;
  /// When the batch system will end this job, in the transport's time; nothing outside an allocation.
  virtual std::optional<time_point> allocation_end() const = 0;
  virtual wall_time wall_now() const = 0;
  virtual void entropy(std::span<std::byte> out) = 0;

  // --- output ------------------------------------------------------------------------------------------------------
  virtual void write(output_stream stream, std::string_view text) = 0;  ///< one write per call
  virtual bool is_terminal(output_stream stream) const = 0;

  // --- news --------------------------------------------------------------------------------------------------------
  virtual std::size_t poll(std::span<host_event> out) = 0;
  /// False while `poll` can have nothing to hand out: no child, watched signal or descriptor (so it need not be
  /// called).
  virtual bool watching() const noexcept = 0;
  /// A descriptor that is readable when `poll` has news or a prepared sleep was woken; -1 in a world without
  /// descriptors.
  virtual int wait_fd() const noexcept = 0;

  // A sleep that loses no wake-up: `prepare_sleep()`; look once more at what other threads have posted; if there is
  // nothing, `transport::idle(..., wait_fd())`; `clear_wake()`. Between these calls `wake` costs no system call.
  /// From any thread, after posting: ends the current sleep, or makes the next `prepare_sleep` return false.
  virtual void wake() noexcept = 0;
  /// Called by the loop's thread before it sleeps. From now on `wake` makes `wait_fd` readable. False when `wake` was
  /// called since the last `clear_wake`: do not sleep, call `clear_wake` and look at what was posted.
  virtual bool prepare_sleep() noexcept = 0;
  /// Called by the loop's thread after a sleep (or instead of one), before it looks at what was posted.
  virtual void clear_wake() noexcept = 0;
};

}  // namespace weft
