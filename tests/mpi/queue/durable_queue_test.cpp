// SPDX-License-Identifier: BSL-1.0
#include <weft/queue/durable_queue.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/comm/collectives.hpp>
#include <weft/mpi/context.hpp>

#include "support/mpi_shared_directory.hpp"
#include "support/mpi_test.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;

/// The first `ranks` ranks of all.
class some_ranks {
 public:
  explicit some_ranks(int ranks) {
    MPI_Comm_split(MPI_COMM_WORLD, test::rank() < ranks ? 0 : MPI_UNDEFINED, test::rank(), &comm_);
  }
  ~some_ranks() {
    if (has_this()) MPI_Comm_free(&comm_);
  }
  some_ranks(const some_ranks&) = delete;
  some_ranks& operator=(const some_ranks&) = delete;

  bool has_this() const { return comm_ != MPI_COMM_NULL; }
  MPI_Comm comm() const { return comm_; }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

int sum_over_ranks(int mine) {
  int sum = 0;
  MPI_Allreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  return sum;
}

TEST(DurableQueue, ResultsComeFromTheRanksThatTheItemsAreFor) {
  const testing::shared_directory folder;
  context ctx(MPI_COMM_WORLD);
  durable_queue<std::string, int> q(ctx, folder.path() + "/queue");
  ctx.run(q.open());
  auto body = [&ctx](std::string& text) -> task<int> { co_return static_cast<int>(text.size()) * 100 + ctx.rank(); };
  const auto produce = [&]() -> task<> {
    std::vector<future<int>> results;
    for (int i = 0; i < 60; ++i) {
      results.push_back(q.submit(std::string(static_cast<std::size_t>(i), 'x'),
                                 {.where = placement::rank, .rank = i % ctx.size()}));
    }
    for (int i = 0; i < 60; ++i) {
      const int come = co_await results[static_cast<std::size_t>(i)];
      EXPECT_EQ(come, i * 100 + i % ctx.size());
    }
    q.close();
  };
  auto served = ctx.spawn(q.serve(body));
  ctx.run(produce());
  served.get();
  EXPECT_TRUE(q.drained());
  EXPECT_EQ(q.size(), 0u);
}

struct errand {
  int bound_to = 0;
  wall_time not_before{};
};
constexpr int errands = 24;  ///< of each rank

task<> put_errands(context& ctx, durable_queue<errand>& q) {
  for (int i = 0; i < errands; ++i) {
    put_options how{.where = placement::rank, .rank = i % ctx.size()};
    errand one{how.rank};
    if (i % 3 == 0) {
      how.delay = 300ms;
      one.not_before = ctx.host().wall_now() + how.delay;
    }
    co_await q.put(one, how);
  }
}

task<int> take_errands(context& ctx, durable_queue<errand>& q, int most) {
  int taken = 0;
  while (taken < most) {
    auto next = co_await q.get();
    if (!next) co_return taken;
    EXPECT_EQ((*next)->bound_to % ctx.size(), ctx.rank());
    EXPECT_GE(ctx.host().wall_now(), (*next)->not_before);
    ++taken;
  }
  co_return taken;
}

TEST(DurableQueue, WhatAJobLeavesGoesToTheRanksOfTheNextOne) {
  const testing::shared_directory folder;
  const std::string path = folder.path() + "/queue";
  int taken = 0;
  {
    context ctx(MPI_COMM_WORLD);
    durable_queue<errand> q(ctx, path);
    ctx.run(q.open());
    ctx.run(put_errands(ctx, q));
    taken = ctx.run(take_errands(ctx, q, 4));
    q.flush().get();
    ctx.world().ibarrier().get();  // those who still wait are served
    q.cancel();
  }
  const some_ranks next(std::max(1, test::size() / 2));
  if (next.has_this()) {
    context ctx(next.comm());
    durable_queue<errand> q(ctx, path);
    ctx.run(q.open());
    EXPECT_FALSE(q.is_new());
    q.close();
    taken += ctx.run(take_errands(ctx, q, errands * test::size()));
    EXPECT_TRUE(q.drained());
  }
  EXPECT_EQ(sum_over_ranks(taken), errands * test::size());
}

}  // namespace
}  // namespace weft
