// SPDX-License-Identifier: BSL-1.0
// ranks: 1 2 4
#include <weft/txn/call.hpp>

#include <cstdint>
#include <stdexcept>

#include <weft/async/async.hpp>
#include <weft/core/random.hpp>
#include <weft/message/remote_error.hpp>
#include <weft/mpi/context.hpp>

#include "support/accounts.hpp"
#include "support/mpi_test.hpp"

namespace weft {
namespace {

using testing::accounts;
constexpr int account_count = 100;
constexpr std::int64_t initial = 300;

void debit(std::int64_t& account, std::int64_t amount) {
  if (account < amount) throw std::domain_error("not enough money");
  account -= amount;
}
std::int64_t credit(std::int64_t& account, std::int64_t amount) { return account += amount; }

task<> transfer_many(accounts& s, std::uint64_t seed, int count, int& refused) {
  random_source random(seed);
  for (int i = 0; i < count; ++i) {
    const int from = static_cast<int>(random.below(account_count));
    const int to = (from + 1 + static_cast<int>(random.below(account_count - 1))) % account_count;
    const auto amount = static_cast<std::int64_t>(random.below(200));
    const bool wants_answer = random.below(4) == 0;
    auto move = [&](accounts::transaction_type& tx) -> task<> {
      tx.call<debit>(from, amount);
      auto crediting = tx.call<credit>(to, amount);
      if (!wants_answer) co_return;
      const std::int64_t now = co_await crediting;
      EXPECT_GE(now, amount);
    };
    try {
      co_await s.transact(move);
    } catch (const remote_error& e) {
      EXPECT_EQ(e.type(), "std::domain_error");
      ++refused;
    }
  }
}

void transfers_keep_the_sum(txn::decision_rule rule) {
  context ctx(MPI_COMM_WORLD);
  ctx.run(verify_remote_functions(ctx));
  accounts s(ctx, {{}, rule});
  for (int a = 0; a < account_count; ++a) s.load(a, initial);
  MPI_Barrier(MPI_COMM_WORLD);
  std::vector<future<void>> tasks;
  int refused = 0;
  for (int c = 0; c < 8; ++c) {
    tasks.push_back(ctx.spawn(transfer_many(s, static_cast<std::uint64_t>(ctx.rank() * 1000 + c + 1), 300, refused)));
  }
  tasks.push_back(ctx.spawn(testing::audit(s, account_count, account_count * initial, 20)));
  ctx.quiescence().get();
  for (auto& t : tasks) t.get();
  std::int64_t mine = 0, sum = 0;
  s.for_each_local([&](int, std::int64_t balance) {
    mine += balance;
    EXPECT_GE(balance, 0);
  });
  MPI_Allreduce(&mine, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  EXPECT_EQ(sum, account_count * initial);
  EXPECT_GT(refused, 0);
  EXPECT_EQ(s.locked_keys(), 0u);
}

TEST(CallAtTheData, TransfersKeepTheSumUnderTheExplicitRule) {
  transfers_keep_the_sum(txn::decision_rule::explicit_record);
}

TEST(CallAtTheData, TransfersKeepTheSumUnderTheImplicitRule) {
  transfers_keep_the_sum(txn::decision_rule::implicit);
}

}  // namespace
}  // namespace weft
