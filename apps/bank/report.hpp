// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <weft/txn/store_engine.hpp>

#include "latencies.hpp"
#include "options.hpp"

namespace weft::bank {

/// What became of the transactions of one type.
struct type_tally {
  std::uint64_t committed = 0;
  std::uint64_t refused = 0;
  std::uint64_t attempts = 0;
  latencies took;  ///< from the first attempt to the end of the last
};

/// Of all ranks.
struct bank_report {
  std::vector<std::string> types;
  std::vector<type_tally> tallies;  ///< by type
  txn::store_stats work;            ///< since the clients began
  double seconds = 0;
  int ranks = 1;
  std::string wrong;  ///< with the books

  std::string text(const bank_options& options) const;
  nlohmann::json json(const bank_options& options) const;
};

}  // namespace weft::bank
