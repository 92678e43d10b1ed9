// SPDX-License-Identifier: BSL-1.0
#include "smallbank.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace weft::bank {
namespace {

constexpr std::int64_t dollar = 100;
std::int64_t worth(const customer& of) { return of.savings + of.checking; }

/// What a transaction of one account does; returns how much richer it makes the bank's customers.
std::int64_t apply(std::size_t type, customer& a) {
  switch (type) {
    case 1:  // DepositChecking
      a.checking += 130;
      return 130;
    case 2:  // TransactSavings
      a.savings += 2020;
      return 2020;
    case 3: {  // WriteCheck, with a penalty for an overdraft
      const std::int64_t debit = worth(a) < 500 ? 600 : 500;
      a.checking -= debit;
      return -debit;
    }
    default:
      return 0;
  }
}

}  // namespace

std::vector<std::string> smallbank::types() const {
  return {"Balance", "DepositChecking", "TransactSavings", "WriteCheck", "SendPayment", "Amalgamate"};
}

customer smallbank::first_value(std::uint64_t account, std::uint64_t) const {
  random_source random(account * 2 + 1);
  const auto draw = [&] { return static_cast<std::int64_t>(random.below(40'000 * dollar + 1)) + 10'000 * dollar; };
  customer made;
  made.savings = draw();
  made.checking = draw();
  return made;
}

task<> smallbank::opened() {
  if (options_.theta) keys_ = zipf(count_, *options_.theta);
  initial_ = co_await sum_of(worth);
}

smallbank::type smallbank::draw_type(random_source& random) const {
  const std::uint64_t percent = random.below(100);
  if (options_.conserving) return percent < 50 ? send_payment : amalgamate;
  if (percent < 25) return send_payment;
  if (percent < 40) return balance;
  if (percent < 55) return deposit_checking;
  if (percent < 70) return transact_savings;
  if (percent < 85) return write_check;
  return amalgamate;
}

std::uint64_t smallbank::draw_account(random_source& random) const {
  if (options_.theta) return keys_(random);
  const bool is_hot = random.below(100) < 90;
  return random.below(is_hot ? std::max<std::uint64_t>(count_ / 25, 1) : count_);
}

task<finished> smallbank::transact(random_source& random) {
  const type what = draw_type(random);
  const auto draw = [this](random_source& r) { return draw_account(r); };
  const bool is_pair = what == send_payment || what == amalgamate;
  const bool elsewhere = goes_elsewhere(random);
  const std::uint64_t first = pick(random, !is_pair && elsewhere, {}, draw);
  if (!is_pair) return with_one(what, first);
  return with_two(what, first, pick(random, elsewhere, {first}, draw));
}

task<finished> smallbank::with_one(type what, std::uint64_t account) {
  std::int64_t gain = 0;
  auto body = [&](transaction_type& tx) -> task<> {
    customer a = co_await tx.at(account, what == balance ? txn::lock_mode::shared : txn::lock_mode::exclusive);
    gain = apply(what, a);
    if (what != balance) tx.put(account, a);
  };
  transaction_options how;
  how.read_only = what == balance;
  const transaction_result done = co_await rows_.transact(body, how);
  gained_ += gain;
  co_return finished{what, done.attempts, false};
}

task<finished> smallbank::with_two(type what, std::uint64_t from, std::uint64_t to) {
  auto body = [&](transaction_type& tx) -> task<> {
    const std::vector<std::uint64_t> both{from, to};
    auto read = co_await tx.get_many(both, txn::lock_mode::exclusive);
    customer a = read[0].value(), b = read[1].value();
    if (what == send_payment) {
      if (a.checking < 500) {
        tx.abort();
        co_return;
      }
      a.checking -= 500;
      b.checking += 500;
    } else {
      b.checking += worth(a);
      a = {};
    }
    tx.put(from, a);
    tx.put(to, b);
  };
  const transaction_result done = co_await rows_.transact(body);
  co_return finished{what, done.attempts, !done};
}

task<std::string> smallbank::audit() {
  const std::int64_t now = co_await sum_of(worth);
  const std::int64_t gained = co_await all_ranks(gained_);
  if (now == initial_ + gained) co_return "";
  co_return fmt::format("the balances sum up to {} instead of {} + {}", now, initial_, gained);
}

}  // namespace weft::bank
