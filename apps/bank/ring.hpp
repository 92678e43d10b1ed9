// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include "workload.hpp"

namespace weft::bank {

/// FoundationDB's Cycle: each key holds another one, and all together are one ring. A transaction follows three links and
/// exchanges the order of two neighbours; any lost update or half commit breaks the ring, in this run or the next.
class ring final : public account_workload<std::uint64_t> {
 public:
  using account_workload::account_workload;
  std::vector<std::string> types() const override { return {"exchange"}; }
  task<finished> transact(random_source& random) override;
  task<std::string> audit() override;

 private:
  std::uint64_t first_value(std::uint64_t account, std::uint64_t accounts) const override {
    return (account + 1) % accounts;
  }
};

}  // namespace weft::bank
