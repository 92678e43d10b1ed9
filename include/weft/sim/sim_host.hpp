// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <weft/sim/disk.hpp>
#include <weft/sim/engine.hpp>
#include <weft/world/host.hpp>

namespace weft::sim {

/// A rank's children, signals and output. It outlives the `host` object: events come to it.
class rank_host;

/// A rank's host: children follow scripts, entropy comes from the seed, output is kept and, if asked for, shown with
/// rank and virtual time in front of each line. Descriptors cannot be watched, and other threads cannot post.
class sim_host final : public host {
 public:
  sim_host(endpoint& self, disks& all);
  ~sim_host() override;
  sim_host(const sim_host&) = delete;
  sim_host& operator=(const sim_host&) = delete;

  child_id start(const child_program& program, void* token) override;
  bool kill(child_id child, int signal) override;
  void abandon(child_id child) override;
  /// A script takes what it is given and does not look at it; an actor gets it.
  bool give(child_id child, std::span<const std::byte> bytes) override;
  void end_input(child_id child) override;

  void watch_signal(int signal, void* token) override;
  void unwatch_signal(int signal) override;
  void watch_descriptor(int descriptor, bool readable, bool writable, void* token) override;
  void unwatch_descriptor(int) override {}

  std::optional<std::string> variable(std::string_view name) const override;
  std::vector<std::string> variable_names(std::string_view prefix) const override;
  cpu_facts cpus() const override { return {1, "simulated"}; }
  node_facts node() const override;
  std::optional<time_point> allocation_end() const override { return std::nullopt; }
  wall_time wall_now() const override;  ///< virtual time
  void entropy(std::span<std::byte> out) override;

  void write(output_stream stream, std::string_view text) override;
  bool is_terminal(output_stream) const override { return false; }

  std::size_t poll(std::span<host_event> out) override;
  bool watching() const noexcept override;
  int wait_fd() const noexcept override { return -1; }
  void wake() noexcept override;
  bool prepare_sleep() noexcept override;
  void clear_wake() noexcept override;

 private:
  endpoint& self_;
  std::shared_ptr<rank_host> mine_;
};

/// A signal comes to a rank: an event if it is watched there; else the rank dies of it, as a process would.
void raise_signal(endpoint& rank, int signal);

}  // namespace weft::sim
