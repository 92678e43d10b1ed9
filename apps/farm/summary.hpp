// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "results_directory.hpp"
#include "tally.hpp"
#include "terminal.hpp"

namespace weft::farm {

/// A batch after its end, for those who tell of it.
struct batch_report {
  tally counts{0};
  double seconds = 0;
  int ranks = 1;
  int slots = 1;   ///< of each rank
  int signal = 0;  ///< that stopped it early; 0: it ran to its end
};

/// Several lines: how many tasks, how many of them failed and which were the first, how long it took, what each rank
/// did (of many ranks the extremes), where the results are.
std::string summary_text(const batch_report& batch, const results_directory& directory, storage& files,
                         const terminal& screen);

/// For `--json`: tasks succeeded failed killed not_run seconds tasks_per_second slots results signal, and
/// ranks[rank tasks busy_seconds utilisation].
nlohmann::json summary_json(const batch_report& batch, const results_directory& directory);

}  // namespace weft::farm
