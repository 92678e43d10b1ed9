// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <map>
#include <string>
#include <thread>

#include <weft/sim/engine.hpp>
#include <weft/world/host.hpp>

#include "sim/process_table.hpp"

namespace weft::sim {

/// A rank's children, watched signals and news.
class rank_host {
 public:
  rank_host(endpoint& self, disks& all);

  process_table& children() noexcept { return children_; }
  /// What was handed out before need not be kept any longer.
  void forget_handed_out() noexcept { handed_out_.clear(); }
  /// Hands out the next event.
  bool take(host_event& next);
  bool is_watching() const noexcept { return children_.has_children() || !signals.empty() || !news_.empty(); }
  void abandon(child_id which);
  bool raise(int signal);
  /// The rank or its `host` is gone.
  void close();

  std::map<int, void*> signals;  ///< watched ones, with their tokens
  bool is_woken = false;
  const std::thread::id thread = std::this_thread::get_id();

 private:
  struct item {
    host_event event;
    std::string text;
  };
  void add(item one);

  endpoint& self_;
  process_table children_;
  bool is_closed_ = false;
  std::deque<item> news_;
  std::deque<std::string> handed_out_;
};

}  // namespace weft::sim
