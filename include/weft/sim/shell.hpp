// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <weft/sim/options.hpp>

namespace weft::sim {

/// What `WEFT_SIM` asks for.
struct shell_request {
  bool wants_help = false;
  int ranks = 4;
  int restarts = 0;       ///< after a crash of the job, at most so many
  int restart_ranks = 0;  ///< 0: drawn from the seed for each restart
  bool wants_summary = false;
  bool wants_events = false;     ///< the last ones, at the end
  std::string events_file;       ///< all of them
  std::uint64_t break_at = 0;    ///< the event at which `weft_sim_break` is called; 0: never
  std::uint64_t until = 0;       ///< the event at which the run ends; 0: never
  std::uint64_t seeds = 1;       ///< one after the other, until one fails
  std::uint64_t shrink = 0;      ///< a failing run is made smaller; with so many seeds for each size. 0: it is not
  world_options world;
};

/// What the children of this program do when the shell asks for a simulation; called by `main`, before the program runs.
/// Without it every child ends well after a millisecond.
void set_program_children(child_scripts scripts);

/// Reads `key=value,key=value,...`. Throws `usage_error` naming the key that is unknown, or the value that is wrong.
shell_request parse_request(std::string_view text);

/// The keys, one a line, with what they mean and their defaults.
std::string request_help();

}  // namespace weft::sim
