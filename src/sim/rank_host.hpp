// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <map>
#include <string>
#include <thread>

#include <weft/sim/engine.hpp>
#include <weft/world/host.hpp>

namespace weft::sim {

/// A rank's children, watched signals and news.
class rank_host final : public event_target {
 public:
  explicit rank_host(endpoint& self) : self_(self) {}

  child_id start(const child_program& program, void* token);
  bool kill(child_id which, int signal);
  void abandon(child_id which) { children_.erase(static_cast<std::uint32_t>(which)); }
  /// What was handed out before need not be kept any longer.
  void forget_handed_out() noexcept { handed_out_.clear(); }
  /// Hands out the next event.
  bool take(host_event& next);
  bool is_watching() const noexcept { return !children_.empty() || !signals.empty() || !news_.empty(); }
  bool raise(int signal);
  void close() noexcept;

  /// A child prints or ends.
  void on_time(std::uint64_t number) override;

  std::map<int, void*> signals;  ///< watched ones, with their tokens
  bool is_woken = false;
  const std::thread::id thread = std::this_thread::get_id();

 private:
  struct child {
    child_script does;
    void* token;
    std::int64_t ends_at;
  };
  struct item {
    host_event event;
    std::string text;
  };
  void print(std::uint32_t number, const child& who);
  void end(std::uint32_t number, int exit_code, int signal);
  void add(item one);

  endpoint& self_;
  std::map<std::uint32_t, child> children_;
  std::uint32_t next_child_ = 0;
  std::deque<item> news_;
  std::deque<std::string> handed_out_;
};

}  // namespace weft::sim
