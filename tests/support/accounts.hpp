// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include <weft/async/task.hpp>
#include <weft/txn/store.hpp>

namespace weft::testing {

/// Balances by account number: what tests of transactions move money in.
using accounts = store<int, std::int64_t>;

/// Reads accounts 0 to `count` - 1 at once, so often: any mixture of before and after would show in their sum.
inline task<> audit(accounts& all, int count, std::int64_t expected, int times) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  for (int i = 0; i < times; ++i) {
    std::int64_t sum = 0;
    auto read = [&](auto& tx) -> task<> {
      const auto balances = co_await tx.get_many(numbers);
      sum = 0;
      for (const auto& balance : balances) sum += balance.value_or(0);
    };
    co_await all.transact(read);
    EXPECT_EQ(sum, expected);
  }
}

}  // namespace weft::testing
