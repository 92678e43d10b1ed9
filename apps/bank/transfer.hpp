// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include "workload.hpp"

namespace weft::bank {

/// Moves a little between two accounts, by get and put as on the design page or by functions at the data. Overdrafts are
/// fine. The sum is constant over all runs of a bank.
class transfer final : public account_workload<std::int64_t> {
 public:
  using account_workload::account_workload;
  static constexpr std::int64_t initial = 1000;
  std::vector<std::string> types() const override { return {"transfer"}; }
  task<finished> transact(random_source& random) override;
  task<std::string> audit() override;

 private:
  std::int64_t first_value(std::uint64_t, std::uint64_t) const override { return initial; }
};

}  // namespace weft::bank
