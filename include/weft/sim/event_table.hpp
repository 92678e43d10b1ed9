// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <weft/sim/engine.hpp>

/// Called at the event that `break=` names, before the rank goes on: a place for gdb's `break weft_sim_break`. Does
/// nothing. The caller's caller is the rank's own code, on its own stack.
extern "C" void weft_sim_break(std::uint64_t event, int rank);

namespace weft::sim {

/// The heading of a table of interface events, and one of its lines, each with its end of line. `number` counts from 1
/// over all lives: what `until=` and `break=` mean.
std::string event_heading();
std::string event_line(std::uint64_t number, const trace_entry& event);
/// The last events of an engine as a table.
std::string table_of_last_events(const engine& of);

/// Writes every interface event to a file, breaks at one, ends the run at one.
class event_recorder final : public event_watcher {
 public:
  /// `file`: "" for none. `break_at`, `until`: 0 for none. Throws `world_error` if the file cannot be opened.
  event_recorder(engine& of, const std::string& file, std::uint64_t break_at, std::uint64_t until);
  ~event_recorder();
  event_recorder(const event_recorder&) = delete;
  event_recorder& operator=(const event_recorder&) = delete;

  void on_event(std::uint64_t number, const trace_entry& event) override;

 private:
  engine& engine_;
  std::FILE* file_ = nullptr;
  std::uint64_t break_at_;
  std::uint64_t until_;
};

}  // namespace weft::sim
