// SPDX-License-Identifier: BSL-1.0
#include "ycsb.hpp"

#include <fmt/format.h>

namespace weft::bank {

task<> ycsb::opened() {
  keys_ = zipf(count_, options_.theta.value_or(0.6));
  co_return;
}

task<finished> ycsb::transact(random_source& random) {
  constexpr std::size_t reads = 10, writes = 4;
  const bool is_multi = goes_elsewhere(random);
  const auto draw = [this](random_source& r) { return keys_(r); };
  std::vector<std::uint64_t> keys;
  for (std::size_t i = 0; i < reads; ++i) keys.push_back(pick(random, is_multi && i % 2 == 1, keys, draw));
  auto body = [&](transaction_type& tx) -> task<> {
    auto rows = co_await tx.get_many(keys);
    for (std::size_t i = 0; i < writes; ++i) {
      ycsb_row row = rows[i].value();
      row.balance += i < writes / 2 ? -1 : 1;
      tx.put(keys[i], row);
    }
  };
  const transaction_result done = co_await rows_.transact(body);
  co_return finished{0, done.attempts, false};
}

task<std::string> ycsb::audit() {
  const std::int64_t now = co_await sum_of([](const ycsb_row& row) { return row.balance; });
  const std::int64_t expected = initial * static_cast<std::int64_t>(count_);
  if (now == expected) co_return "";
  co_return fmt::format("the balances sum up to {} instead of {}", now, expected);
}

}  // namespace weft::bank
