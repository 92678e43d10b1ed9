// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include "workload.hpp"
#include "zipf.hpp"

namespace weft::bank {

/// In cents.
struct customer {
  std::int64_t savings = 0;
  std::int64_t checking = 0;
};

/// SmallBank (Alomari, Cahill, Fekete, Röhm, "The cost of serializability on platforms that use snapshot isolation", ICDE
/// 2008) with H-Store's SendPayment. A customer's two balances are one value. 90 % of the transactions take their accounts
/// from a hot set of 4 %, or all from a Zipf distribution.
class smallbank final : public account_workload<customer> {
 public:
  using account_workload::account_workload;
  std::vector<std::string> types() const override;
  task<finished> transact(random_source& random) override;
  task<std::string> audit() override;

 private:
  enum type : std::size_t { balance, deposit_checking, transact_savings, write_check, send_payment, amalgamate };
  customer first_value(std::uint64_t account, std::uint64_t accounts) const override;
  task<> opened() override;
  type draw_type(random_source& random) const;
  std::uint64_t draw_account(random_source& random) const;
  task<finished> with_one(type what, std::uint64_t account);
  task<finished> with_two(type what, std::uint64_t from, std::uint64_t to);

  zipf keys_{1, 0};
  std::int64_t initial_ = 0;  ///< of all ranks
  std::int64_t gained_ = 0;   ///< by what this rank's clients have committed
};

}  // namespace weft::bank
