// SPDX-License-Identifier: BSL-1.0
// ranks: 1 2 3 4
#include <weft/txn/store.hpp>

#include <cstdint>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/core/random.hpp>
#include <weft/mpi/context.hpp>

#include "support/accounts.hpp"
#include "support/mpi_test.hpp"

namespace weft {
namespace {

using testing::accounts;
constexpr int account_count = 100;
constexpr std::int64_t initial = 1000;

std::int64_t sum_over_ranks(std::int64_t mine) {
  std::int64_t sum = 0;
  MPI_Allreduce(&mine, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  return sum;
}

task<> transfer_many(accounts& s, std::uint64_t seed, int count, int keys, std::int64_t& attempts) {
  random_source random(seed);
  for (int i = 0; i < count; ++i) {
    const int from = static_cast<int>(random.below(static_cast<std::uint64_t>(keys)));
    const int to = (from + 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(keys - 1)))) % keys;
    const auto amount = static_cast<std::int64_t>(random.below(100));
    auto move = [&](auto& tx) -> task<> {
      const std::int64_t a = co_await tx.at(from);
      const std::int64_t b = co_await tx.at(to);
      tx.put(from, a - amount);
      tx.put(to, b + amount);
    };
    const transaction_result done = co_await s.transact(move);
    EXPECT_TRUE(done);
    attempts += done.attempts;
  }
}

void transfers_keep_the_sum(store_options options, int clients, int keys) {
  context ctx(MPI_COMM_WORLD);
  accounts s(ctx, options);
  for (int a = 0; a < account_count; ++a) s.load(a, initial);
  MPI_Barrier(MPI_COMM_WORLD);
  std::int64_t attempts = 0;
  std::vector<future<void>> tasks;
  constexpr int each = 300;
  for (int c = 0; c < clients; ++c) {
    const auto seed = static_cast<std::uint64_t>(ctx.rank() * 1000 + c + 1);
    tasks.push_back(ctx.spawn(transfer_many(s, seed, each, keys, attempts)));
  }
  tasks.push_back(ctx.spawn(testing::audit(s, account_count, account_count * initial, 20)));
  ctx.quiescence().get();
  for (auto& t : tasks) t.get();
  std::int64_t mine = 0;
  s.for_each_local([&](int, std::int64_t balance) { mine += balance; });
  EXPECT_EQ(sum_over_ranks(mine), account_count * initial);
  EXPECT_EQ(s.locked_keys(), 0u);
  EXPECT_EQ(s.stats().committed, static_cast<std::uint64_t>(clients * each + 20));
  EXPECT_GE(attempts, clients * each);
}

TEST(Store, TransfersKeepTheSumUnderTheExplicitRule) {
  transfers_keep_the_sum({{}, txn::decision_rule::explicit_record}, 8, account_count);
}

TEST(Store, TransfersKeepTheSumUnderTheImplicitRule) {
  transfers_keep_the_sum({{}, txn::decision_rule::implicit}, 8, account_count);
}

TEST(Store, EveryRankFightsForThreeAccountsAndDies) {
  transfers_keep_the_sum({{}, txn::decision_rule::implicit, txn::lock_policy::wait_die}, 4, 3);
}

TEST(Store, EveryRankFightsForThreeAccountsAndWounds) {
  transfers_keep_the_sum({{}, txn::decision_rule::explicit_record, txn::lock_policy::wound_wait}, 4, 3);
}

}  // namespace
}  // namespace weft
