// SPDX-License-Identifier: BSL-1.0
#include "balance.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace weft::uts {

namespace {

double seconds(duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

rank_share share_of(std::uint64_t nodes, const queue_stats& stats) {
  return {nodes,        seconds(stats.working), seconds(stats.searching), seconds(stats.idle),
          stats.stolen, stats.given,            stats.requests,           stats.failed_requests};
}

std::string balance_table(const std::vector<rank_share>& ranks) {
  std::string text = fmt::format("{:>5} {:>12} {:>9} {:>9} {:>9} {:>10} {:>10} {:>9} {:>8}\n", "rank", "nodes",
                                 "working", "searching", "idle", "stolen", "given", "requests", "in vain");
  std::uint64_t most = 0;
  std::uint64_t all = 0;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const rank_share& one = ranks[rank];
    text += fmt::format("{:>5} {:>12} {:>7.3f} s {:>7.3f} s {:>7.3f} s {:>10} {:>10} {:>9} {:>8}\n", rank, one.nodes,
                        one.working, one.searching, one.idle, one.stolen, one.given, one.requests,
                        one.failed_requests);
    most = std::max(most, one.nodes);
    all += one.nodes;
  }
  const double mean = static_cast<double>(all) / static_cast<double>(ranks.size());
  return text + fmt::format("the busiest rank visited {:.3f} times the mean\n", static_cast<double>(most) / mean);
}

nlohmann::json balance_json(const std::vector<rank_share>& ranks) {
  nlohmann::json all = nlohmann::json::array();
  for (const rank_share& one : ranks) {
    all.push_back({{"nodes", one.nodes},
                   {"working_seconds", one.working},
                   {"searching_seconds", one.searching},
                   {"idle_seconds", one.idle},
                   {"stolen", one.stolen},
                   {"given", one.given},
                   {"requests", one.requests},
                   {"failed_requests", one.failed_requests}});
  }
  return all;
}

}  // namespace weft::uts
