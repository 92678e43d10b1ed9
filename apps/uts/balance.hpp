// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <weft/queue/stats.hpp>

namespace weft::uts {

/// What one rank did in a search.
struct rank_share {
  std::uint64_t nodes = 0;
  double working = 0;    ///< seconds with nodes at hand
  double searching = 0;  ///< seconds in which it asked other ranks for some
  double idle = 0;       ///< seconds in which it waited to be given some, or for the end
  std::uint64_t stolen = 0;           ///< nodes that came from other ranks
  std::uint64_t given = 0;            ///< nodes that left for other ranks
  std::uint64_t requests = 0;         ///< times that it asked
  std::uint64_t failed_requests = 0;  ///< of them, answered with nothing
};

rank_share share_of(std::uint64_t nodes, const queue_stats& stats);

/// One line per rank, and how far the busiest is above the mean.
std::string balance_table(const std::vector<rank_share>& ranks);
nlohmann::json balance_json(const std::vector<rank_share>& ranks);

}  // namespace weft::uts
