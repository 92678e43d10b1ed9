// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>

#include <weft/journal/journal.hpp>
#include <weft/world/time.hpp>

namespace weft::farm {

/// How a batch is to be run. What can be given is kept in its journal, and holds for `resume` too.
struct batch_options {
  std::string results;  ///< the directory; empty: the command's own
  bool overwrite = false;
  bool has_journal = true;
  int slots = 1;
  int retries = 0;
  duration time_limit{0};                                 ///< of each attempt; zero: none
  std::uint64_t max_fails = 0;                            ///< 0: any number
  bool run_dependents = false;                            ///< also after failed tasks
  std::uint64_t output_limit = std::uint64_t{256} << 20;  ///< bytes of each task; 0: all
  duration grace = std::chrono::seconds(10);              ///< for running tasks after SIGUSR1
  duration time_left{0};  ///< from now to the end of the allocation; zero: as the batch system says
  durability kept = durability::synced;
  bool plot = false;
};

/// As one JSON object, what a later run needs to go on in the same way.
std::string to_json(const batch_options& options);
/// Sets what such an object says. Throws `error` if it is none.
void set_from_json(batch_options& options, const std::string& text);

}  // namespace weft::farm
