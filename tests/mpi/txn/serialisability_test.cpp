// SPDX-License-Identifier: BSL-1.0
// ranks: 2 4 8
// timeout: 120
#include <chrono>
#include <cstdint>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/mpi/context.hpp>

#include "support/list_clients.hpp"
#include "support/list_history.hpp"
#include "support/mpi_test.hpp"

namespace weft {
namespace {

using testing::list_transaction;

/// The ranks of this test share a machine, and so a clock.
std::int64_t shared_clock() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

void histories_are_strictly_serialisable(store_options options) {
  context ctx(MPI_COMM_WORLD);
  testing::list_store s(ctx, options);
  std::vector<list_transaction> mine;
  std::vector<future<void>> tasks;
  for (int c = 0; c < 4; ++c) {
    testing::list_client who;
    who.number = ctx.rank() * 4 + c;
    who.transactions = 60;
    who.clock = shared_clock;
    tasks.push_back(ctx.spawn(testing::run_list_client(s, who, mine)));
  }
  ctx.quiescence().get();
  for (auto& t : tasks) t.get();
  const std::vector<std::vector<list_transaction>> all = ctx.world().allgather(std::move(mine));
  std::vector<list_transaction> history;
  for (const auto& part : all) history.insert(history.end(), part.begin(), part.end());
  EXPECT_EQ(history.size(), static_cast<std::size_t>(ctx.size() * 4 * 60));
  EXPECT_EQ(testing::find_anomaly(history), "");
}

TEST(Serialisability, UnderTheExplicitRule) {
  histories_are_strictly_serialisable({{}, txn::decision_rule::explicit_record});
}
TEST(Serialisability, UnderTheImplicitRule) { histories_are_strictly_serialisable({}); }

}  // namespace
}  // namespace weft
