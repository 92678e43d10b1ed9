// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <string>

#include <weft/world/host.hpp>

namespace weft::testing {

/// What a test sees of, and does to, one rank's host. It outlives the `host` object.
struct fake_host_state {
  std::map<std::string, std::string, std::less<>> variables;
  std::string output;  ///< everything written to `output_stream::out`
  std::string error_output;
  std::optional<time_point> allocation_end;
  wall_time wall{};
  cpu_facts cpus;
  node_facts node;
  bool is_terminal = false;
  std::atomic<bool> is_woken{false};
  std::uint64_t seed = 0;  ///< of `entropy`: the rank, unless the test says otherwise

  std::map<int, void*> signals;  ///< watched ones, with their tokens
  struct watched_descriptor {
    bool readable, writable;
    void* token;
  };
  std::map<int, watched_descriptor> descriptors;
  std::list<host_event> news;

  /// The signal arrives: an event if it is watched. False if it is not (it would have had its default action).
  bool raise(int signal);
  /// A watched descriptor becomes readable or writable: one event for each that is watched.
  void make_ready(int descriptor, bool readable, bool writable);
};

/// A host without children: variables, signals and descriptors come from the test, output goes to a string.
class fake_host final : public host {
 public:
  explicit fake_host(std::shared_ptr<fake_host_state> state) : state_(std::move(state)) {}

  child_id start(const child_program& program, void* token) override;
  bool kill(child_id, int) override { return false; }
  void abandon(child_id) override {}
  bool give(child_id, std::span<const std::byte>) override { return false; }
  void end_input(child_id) override {}

  void watch_signal(int signal, void* token) override { state_->signals[signal] = token; }
  void unwatch_signal(int signal) override { state_->signals.erase(signal); }
  void watch_descriptor(int descriptor, bool readable, bool writable, void* token) override;
  void unwatch_descriptor(int descriptor) override { state_->descriptors.erase(descriptor); }

  std::optional<std::string> variable(std::string_view name) const override;
  std::vector<std::string> variable_names(std::string_view prefix) const override;
  cpu_facts cpus() const override { return state_->cpus; }
  node_facts node() const override { return state_->node; }
  std::optional<time_point> allocation_end() const override { return state_->allocation_end; }
  wall_time wall_now() const override { return state_->wall; }
  void entropy(std::span<std::byte> out) override;

  void write(output_stream stream, std::string_view text) override;
  bool is_terminal(output_stream) const override { return state_->is_terminal; }

  std::size_t poll(std::span<host_event> out) override;
  bool watching() const noexcept override;
  int wait_fd() const noexcept override { return -1; }
  void wake() noexcept override { state_->is_woken = true; }
  bool prepare_sleep() noexcept override { return !state_->is_woken; }
  void clear_wake() noexcept override { state_->is_woken = false; }

 private:
  std::shared_ptr<fake_host_state> state_;
};

}  // namespace weft::testing
