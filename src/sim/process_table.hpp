// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weft/sim/child_script.hpp>
#include <weft/sim/disk.hpp>
#include <weft/sim/engine.hpp>

namespace weft::sim {

/// The processes that a rank has started, and those that they have. They outlive the rank for as long as their actors
/// take to notice that it has gone.
class process_table final : public event_target {
 public:
  /// Gets what concerns the rank's own children.
  using listener = std::function<void(const host_event& event, std::string text)>;

  process_table(endpoint& self, disks& all, listener tell);

  child_id start(const child_program& program, void* token, std::uint32_t parent = 0);
  /// False when it is gone.
  bool signal(child_id which, int signal);
  /// Kills it, and nobody hears of it any more.
  void abandon(child_id which);
  bool give(child_id which, std::span<const std::byte> bytes);
  void end_input(child_id which);
  bool has_children() const noexcept { return own_ > 0; }
  /// The rank is gone: its children die with it, but for those whose actors learn it from their input's end.
  void lose_rank();
  /// The power fails.
  void end_all();

  void on_time(std::uint64_t number) override;

 private:
  class process;
  struct action {
    std::uint32_t of = 0;
    std::function<void(process&)> run;
  };
  std::shared_ptr<process> find(child_id which) const;
  void at(std::int64_t time, const process& of, std::function<void(process&)> run);
  child_script script_of(const child_program& program);
  void begin_script(const std::shared_ptr<process>& made);
  void take_step(process& who, const child_step& step);
  void print_on(process& who);
  void end(process& over, int exit_code, int signal);
  void end_children_of(std::uint32_t number);
  void remove(process& gone);
  void tell(const process& about, host_event event, std::string text);

  endpoint& self_;
  disks& disks_;
  listener tell_;
  std::map<std::uint32_t, std::shared_ptr<process>> processes_;
  std::uint32_t last_process_ = 0;
  std::size_t own_ = 0;  ///< of the rank
  std::map<std::uint64_t, action> actions_;
  std::uint64_t last_action_ = 0;
};

}  // namespace weft::sim
