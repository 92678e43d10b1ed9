// SPDX-License-Identifier: BSL-1.0
// ranks: 1 2 4
#include <cstdint>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/mpi/context.hpp>
#include <weft/txn/store.hpp>

#include "support/mpi_shared_directory.hpp"
#include "support/mpi_test.hpp"

namespace weft {
namespace {

using accounts = store<int, std::int64_t>;
constexpr int account_count = 50;
constexpr std::int64_t initial = 1000;

std::int64_t sum_over_ranks(std::int64_t mine) {
  std::int64_t sum = 0;
  MPI_Allreduce(&mine, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  return sum;
}

task<> client(accounts& s, int first, int count, transaction_id& last) {
  for (int i = 0; i < count; ++i) {
    const int from = (first + i) % account_count, to = (first + 7 * i + 1) % account_count;
    if (from == to) continue;
    auto move = [&](auto& tx) -> task<> {
      const std::int64_t a = co_await tx.at(from);
      const std::int64_t b = co_await tx.at(to);
      tx.put(from, a - 3);
      tx.put(to, b + 3);
    };
    const transaction_result done = co_await s.transact(move);
    EXPECT_TRUE(done);
    last = done.id;
  }
}

void run_once(store_options options, bool is_first, transaction_id& last) {
  context ctx(MPI_COMM_WORLD);
  accounts s(ctx, options);
  EXPECT_THROW(s.begin(), usage_error) << "not open yet";
  ctx.run(s.open());
  if (is_first) {
    for (int a = 0; a < account_count; ++a) s.load(a, initial);
    s.flush().get();
    MPI_Barrier(MPI_COMM_WORLD);
  } else {
    EXPECT_EQ(s.outcome_of(last), transaction_outcome::committed);
    const transaction_id never{last.epoch, last.coordinator, last.sequence + 1000};
    EXPECT_EQ(s.outcome_of(never), transaction_outcome::aborted);
  }
  std::vector<future<void>> clients;
  std::vector<transaction_id> ids(4);
  for (int c = 0; c < 4; ++c)
    clients.push_back(ctx.spawn(client(s, ctx.rank() * 11 + c * 5, 10, ids[static_cast<std::size_t>(c)])));
  ctx.quiescence().get();
  for (auto& each : clients) each.get();
  last = ids.back();
  std::int64_t mine = 0;
  s.for_each_local([&](int, std::int64_t balance) { mine += balance; });
  EXPECT_EQ(sum_over_ranks(mine), account_count * initial);
  EXPECT_GT(s.stats().forces, 0u);
}

void lasts(txn::decision_rule decision) {
  const testing::shared_directory scratch;
  store_options options;
  options.decision = decision;
  options.kept = store_durability::synced;
  const std::string bank = scratch.path() + "/bank";
  options.directory = bank;
  transaction_id last;
  for (int n = 0; n < 3; ++n) run_once(options, n == 0, last);
}

TEST(DurableStore, OutlivesItsContextUnderTheExplicitRule) { lasts(txn::decision_rule::explicit_record); }
TEST(DurableStore, OutlivesItsContextUnderTheImplicitRule) { lasts(txn::decision_rule::implicit); }

}  // namespace
}  // namespace weft
