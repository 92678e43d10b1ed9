// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>

#include "workload.hpp"
#include "zipf.hpp"

namespace weft::bank {

/// A row of 100 bytes.
struct ycsb_row {
  std::int64_t balance = 0;
  std::array<std::uint8_t, 92> filling{};
};

/// The closed economy of YCSB+T (Dey, Fekete, Nambiar, Röhm, ICDE workshops 2014), with ten keys of a Zipf distribution in
/// each transaction: six are read, four are written as well, of which two give one unit to the other two. In a transaction of
/// two partitions every other key lies on another rank. The sum is constant over all runs of a bank.
class ycsb final : public account_workload<ycsb_row> {
 public:
  using account_workload::account_workload;
  static constexpr std::int64_t initial = 1000;
  std::vector<std::string> types() const override { return {"read-update"}; }
  task<finished> transact(random_source& random) override;
  task<std::string> audit() override;

 private:
  ycsb_row first_value(std::uint64_t, std::uint64_t) const override { return {initial, {}}; }
  task<> opened() override;

  zipf keys_{1, 0};
};

}  // namespace weft::bank
