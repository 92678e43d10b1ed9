// SPDX-License-Identifier: BSL-1.0
#include "transfer.hpp"

#include <fmt/format.h>

namespace weft::bank {
namespace {

void add(std::int64_t& account, std::int64_t amount) { account += amount; }

}  // namespace

task<finished> transfer::transact(random_source& random) {
  const auto draw = [this](random_source& r) { return r.below(count_); };
  const bool elsewhere = goes_elsewhere(random);
  const std::uint64_t from = pick(random, false, {}, draw);
  const std::uint64_t to = pick(random, elsewhere, {from}, draw);
  const auto amount = static_cast<std::int64_t>(random.below(10));
  auto by_hand = [&](transaction_type& tx) -> task<> {
    const std::int64_t a = co_await tx.at(from);
    const std::int64_t b = co_await tx.at(to);
    tx.put(from, a - amount);
    tx.put(to, b + amount);
  };
  auto by_calls = [&](transaction_type& tx) -> task<> {
    tx.call<add>(from, -amount);
    tx.call<add>(to, amount);
    co_return;
  };
  transaction_result done;
  if (options_.calls) {
    done = co_await rows_.transact(by_calls);
  } else {
    done = co_await rows_.transact(by_hand);
  }
  co_return finished{0, done.attempts, false};
}

task<std::string> transfer::audit() {
  const std::int64_t now = co_await sum_of([](std::int64_t balance) { return balance; });
  const std::int64_t expected = initial * static_cast<std::int64_t>(count_);
  if (now == expected) co_return "";
  co_return fmt::format("the balances sum up to {} instead of {}", now, expected);
}

}  // namespace weft::bank
