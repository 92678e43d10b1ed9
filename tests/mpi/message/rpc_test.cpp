// SPDX-License-Identifier: BSL-1.0
// ranks: 1 2 3 4
#include <weft/message/rpc.hpp>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/mpi/context.hpp>

#include "support/mpi_test.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;

struct node {
  context* ctx = nullptr;
  rpc<node>* calls = nullptr;
  std::mt19937 random;
  int alive = 0;
};

struct alive_here {
  explicit alive_here(node& at) : here(at) { ++here.alive; }
  ~alive_here() { --here.alive; }
  alive_here(const alive_here&) = delete;
  alive_here& operator=(const alive_here&) = delete;
  node& here;
};

/// Asks other ranks in its turn, and takes a little while.
task<int> ask_on(node& here, int depth) {
  const alive_here counted(here);
  if (here.random() % 4 == 0) co_await sleep_for(here.ctx->loop(), std::chrono::microseconds(here.random() % 50));
  if (depth == 0) co_return 1;
  const int next = static_cast<int>(here.random() % static_cast<unsigned>(here.ctx->size()));
  auto deeper = here.calls->call<ask_on>(next, depth - 1);
  co_return 1 + co_await deeper;
}

/// One of the crossing calls: some are given up, some have too little time.
task<int> call_once(node& here) {
  const int to = static_cast<int>(here.random() % static_cast<unsigned>(here.ctx->size()));
  const int depth = static_cast<int>(here.random() % 6);
  switch (here.random() % 3) {
    case 0: {
      auto whole = here.calls->call<ask_on>(to, depth);
      const int answered = co_await whole;
      EXPECT_EQ(answered, depth + 1);
      co_return 1;
    }
    case 1: {
      const duration time = std::chrono::microseconds(here.random() % 100);
      auto hasty = here.calls->call<ask_on>({to, time}, depth);
      try {
        co_await hasty;
      } catch (const timed_out&) {
      } catch (const remote_error&) {  // a call in the middle of the chain was too late
      }
      co_return 1;
    }
    default: {
      auto dropped = here.calls->call<ask_on>(to, depth);
      if (here.random() % 2 == 0) co_await sleep_for(here.ctx->loop(), std::chrono::microseconds(here.random() % 30));
      co_return 1;
    }
  }
}

task<> call_many(node& here, int times, int& done) {
  for (int i = 0; i < times; ++i) done += co_await call_once(here);
}

TEST(Rpc, ManyCrossingNestedCallsWithRandomCancellationsLeaveNothing) {
  constexpr int chains = 50;
  constexpr int calls_of_a_chain = 50;
  context ctx(MPI_COMM_WORLD);
  node here{&ctx, nullptr, std::mt19937(static_cast<unsigned>(17 + ctx.rank())), 0};
  rpc calls(ctx, here, {.most_running = 100'000});
  here.calls = &calls;
  std::vector<int> done(chains);
  const auto all = [&]() -> task<> {
    scope these(ctx.loop());
    for (int& each : done) these.spawn(call_many(here, calls_of_a_chain, each));
    co_await these.join();
  };
  ctx.run(all());
  ctx.quiescence().get();
  for (int each : done) EXPECT_EQ(each, calls_of_a_chain);
  EXPECT_EQ(calls.waiting(), 0u);
  EXPECT_EQ(calls.running(), 0u);
  EXPECT_EQ(here.alive, 0);
}

std::string name_of(const std::string& what, int times) { return what + std::to_string(times); }
int rank_of(node& here) { return here.ctx->rank(); }

TEST(Rpc, EveryRankCallsEveryRank) {
  context ctx(MPI_COMM_WORLD);
  node here{&ctx, nullptr, {}, 0};
  rpc calls(ctx, here);
  for (int to = 0; to < ctx.size(); ++to) {
    EXPECT_EQ(calls.call<rank_of>(to).get(), to);
    EXPECT_EQ(calls.call<name_of>(to, "x", 7).get(), "x7");
    const std::vector<double> large(100'000, 0.5);
    EXPECT_EQ(calls.call<[](const std::vector<double>& v) { return v; }>(to, large).get(), large);
  }
  ctx.world().barrier();
}

}  // namespace
}  // namespace weft
