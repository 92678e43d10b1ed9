// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weft/world/time.hpp>

namespace weft::farm {

/// One shell command of a task list.
struct task {
  static constexpr std::int32_t by_default = -1;

  std::uint64_t id = 0;  ///< its line's number, from 1
  std::string command;
  std::string name = {};                      ///< by which others may say `after`; may be empty
  std::string directory = {};                 ///< that it runs in; empty: that of its rank
  std::vector<std::string> environment = {};  ///< "NAME=value"
  std::int32_t priority = 0;                  ///< higher ones first
  std::int32_t retries = by_default;          ///< attempts after one that failed
  std::int32_t cores = 1;                     ///< slots of its rank that it takes
  duration time_limit{by_default};            ///< of one attempt; zero: none
  std::vector<std::string> after = {};        ///< names or line numbers, as they were given
  std::vector<std::uint64_t> parents = {};    ///< the ids of those; `link` finds them

  friend bool operator==(const task&, const task&) = default;
};

}  // namespace weft::farm
