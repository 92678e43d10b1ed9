// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <unordered_map>
#include <vector>
#include <weft/posix/child_input.hpp>
#include <weft/posix/file_descriptor.hpp>
#include <weft/posix/signal_catcher.hpp>
#include <weft/posix/spawn.hpp>
#include <weft/world/host.hpp>

namespace weft::posix {

struct posix_host_options {
  /// How long the destructor waits for children after SIGTERM, and then again after SIGKILL.
  std::chrono::milliseconds grace{500};
  /// Notice exits by pidfd. Without it (old kernels: Linux before 5.3) every `poll` asks for each child.
  bool use_pidfd = true;
};

/// `host` on Linux. Everything that can have news hangs on one epoll descriptor, which is `wait_fd`; `poll` asks it
/// without waiting and makes no system call while nothing is watched. SIGCHLD is left alone: it belongs to MPI.
class posix_host final : public host {
 public:
  explicit posix_host(posix_host_options options = {});
  ~posix_host() override;  ///< ends all children and puts signal actions back; takes up to twice the grace time

  child_id start(const child_program& program, void* token) override;
  bool kill(child_id child, int signal) override;
  void abandon(child_id child) override;
  bool give(child_id child, std::span<const std::byte> bytes) override;
  void end_input(child_id child) override;

  void watch_signal(int signal, void* token) override;
  void unwatch_signal(int signal) override;
  void watch_descriptor(int descriptor, bool readable, bool writable, void* token) override;
  void unwatch_descriptor(int descriptor) override;

  std::optional<std::string> variable(std::string_view name) const override;
  std::vector<std::string> variable_names(std::string_view prefix) const override;
  cpu_facts cpus() const override;
  node_facts node() const override;
  std::optional<time_point> allocation_end() const override;
  wall_time wall_now() const override;
  void entropy(std::span<std::byte> out) override;

  /// Throws `world_error` when standard output cannot be written; for standard error there is nobody to tell.
  void write(output_stream stream, std::string_view text) override;
  bool is_terminal(output_stream stream) const override;

  std::size_t poll(std::span<host_event> out) override;
  bool watching() const noexcept override { return !children_.empty() || !signals_.empty() || !descriptors_.empty(); }
  int wait_fd() const noexcept override { return epoll_.get(); }
  void wake() noexcept override;
  bool prepare_sleep() noexcept override;
  void clear_wake() noexcept override;

 private:
  struct child {
    spawned process;
    void* token = nullptr;
    bool ended = false;                    ///< a zombie: its exit is known, it is not reaped yet
    std::size_t left_to_read[2] = {0, 0};  ///< once ended: what its pipes can still hold of it
    child_input input;
  };
  struct descriptor_watch {
    bool readable = false;
    bool writable = false;
    void* token = nullptr;
  };
  enum class awake_state : int { awake, sleeping, woken };
  class batch;

  void add_to_epoll(int descriptor, unsigned events, std::uint64_t tag);
  void handle(std::uint64_t tag, unsigned events, batch& news);
  void handle_signals(batch& news);
  void handle_descriptor(int descriptor, unsigned events, batch& news);
  void watch_input(child_id id, const child& c);
  /// True when the stream has nothing more to hand out now (empty or at its end).
  bool read_stream(child_id id, child& c, output_stream stream, batch& news);
  void look_for_exit(child_id id, batch& news);
  bool has_ended(child& c) const;
  void reap_abandoned() noexcept;
  void end_all_children() noexcept;
  bool all_ended_within(std::chrono::milliseconds time) noexcept;

  posix_host_options options_;
  file_descriptor epoll_;
  file_descriptor wake_;
  std::atomic<awake_state> state_{awake_state::awake};
  bool slept_ = false;  ///< `prepare_sleep` succeeded since the last `clear_wake`
  /// Writes to `wake_` that wakers have announced (by ending a prepared sleep) and that we have not read yet.
  std::uint64_t owed_wakes_ = 0;
  signal_catcher signals_;
  bool signals_added_ = false;  ///< `signals_.fd()` is in the epoll set
  std::unordered_map<std::uint32_t, child> children_;
  std::unordered_map<int, descriptor_watch> descriptors_;
  std::vector<pid_t> abandoned_;  ///< killed and forgotten, perhaps not dead yet: somebody must reap them
  std::uint32_t last_child_ = 0;
  std::unique_ptr<std::byte[]> buffer_;  ///< holds the output handed out by one poll; made with the first child
};

}  // namespace weft::posix
