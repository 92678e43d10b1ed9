// SPDX-License-Identifier: BSL-1.0
#include <weft/port/context.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <weft/async/mutex.hpp>
#include <weft/async/timer.hpp>
#include <weft/port/port.hpp>

#include "support/context_driver.hpp"

namespace weft {
namespace {

using testing::cluster_of_contexts;
using testing::fake_options;
using namespace std::chrono_literals;

TEST(Context, IsTakenForItsLoop) {
  fake_options options;
  options.idle_jumps = true;
  testing::fake_cluster cluster(1, options);
  context ctx(cluster.world(0));
  EXPECT_EQ(ctx.rank(), 0);
  EXPECT_EQ(ctx.size(), 1);
  EXPECT_EQ(ctx.world().size(), 1);
  sleep_for(ctx, 5ms).get();
  async_mutex mutex(ctx);
  auto program = [&]() -> task<int> {
    co_await sleep_for(ctx, 1ms);
    co_return 42;
  };
  EXPECT_EQ(ctx.run(program()), 42);
  EXPECT_EQ(ctx.spawn(program()).get(), 42);
  EXPECT_THROW(ctx.abort(3), testing::fake_abort);
  EXPECT_EQ(cluster.aborted(), 3);
}

TEST(Context, TakesSettingsFromTheEnvironment) {
  testing::fake_cluster cluster(1);
  {
    weft::world outside = cluster.world(0);
    cluster.host(0).variables["WEFT_FLUSH_US"] = "7";
    context ctx(std::move(outside));
    EXPECT_EQ(ctx.settings().values().flush, 7us);
  }
  weft::world outside = cluster.world(0);
  cluster.host(0).variables["WEFT_FLUSH_US"] = "soon";
  EXPECT_THROW(context(std::move(outside)), usage_error);
}

TEST(Context, SaysWhichTasksTheProgramDidNotWaitFor) {
  testing::fake_cluster cluster(1);
  {
    context ctx(cluster.world(0));
    auto forgotten = [&ctx]() -> task<> { co_await sleep_for(ctx, 1h); };
    { auto dropped = ctx.spawn(forgotten()); }
    ctx.loop().turn();
  }
  const std::string& said = cluster.host(0).error_output;
  EXPECT_NE(said.find("2 operations are pending"), std::string::npos) << said;
  EXPECT_NE(said.find("1 task (context_test.cpp:"), std::string::npos) << said;
  EXPECT_NE(said.find("1 sleep (context_test.cpp:"), std::string::npos) << said;
}

TEST(Context, SaysNothingOfTasksThatHaveEnded) {
  testing::fake_cluster cluster(1);
  {
    context ctx(cluster.world(0));
    auto ended = []() -> task<> { co_return; };
    { auto dropped = ctx.spawn(ended()); }
    ctx.loop().turn();
  }
  EXPECT_EQ(cluster.host(0).error_output, "");
}

TEST(Context, ConstructingWaitsForNobody) {
  testing::fake_cluster cluster(2);
  std::vector<int> got;
  auto handler = [&](int, int value) { got.push_back(value); };
  auto first = std::make_unique<context>(cluster.world(0));
  auto early = std::make_unique<port<int>>(*first, handler);
  for (int i = 0; i < 3000; ++i) early->post(1, i);
  for (int i = 0; i < 10; ++i) first->loop().turn();
  auto second = std::make_unique<context>(cluster.world(1));
  auto late = std::make_unique<port<int>>(*second, handler);
  for (int i = 0; i < 50; ++i) {
    first->loop().turn();
    second->loop().turn();
  }
  EXPECT_EQ(got.size(), 3000u);
  auto end_of_first = first->shutdown();
  auto end_of_second = second->shutdown();
  for (int i = 0; i < 50; ++i) {
    first->loop().turn();
    second->loop().turn();
  }
  EXPECT_TRUE(end_of_first.ready() && end_of_second.ready());
  EXPECT_THROW(early->post(1, 1), usage_error);
  EXPECT_EQ(cluster.lost(), 0u);
}

TEST(Context, DestroyingItCancelsItsTasks) {
  testing::fake_cluster cluster(1);
  bool unwound = false;
  {
    context ctx(cluster.world(0));
    struct on_exit {
      bool* flag;
      ~on_exit() { *flag = true; }
    };
    auto program = [&]() -> task<> {
      const on_exit mark{&unwound};
      co_await sleep_for(ctx, 1h);
    };
    ctx.spawn(program());
    ctx.loop().turn();
  }
  EXPECT_TRUE(unwound);
}

TEST(Context, DoesNotWaitForPeersWhenAnExceptionPassesThrough) {
  testing::fake_cluster cluster(2);
  try {
    context ctx(cluster.world(0));
    auto handler = [](int, int) {};
    port<int> p(ctx, handler);
    p.post(1, 1);
    ctx.loop().turn();
    throw std::runtime_error("the program failed");
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "the program failed");
  }
}

TEST(Context, ShutdownWithMessagesInFlightLosesNone) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    fake_options options;
    options.delay = testing::random_delay(seed, 20);
    options.complete_at_once = seed % 2 == 0;
    cluster_of_contexts all(4, options);
    std::uint64_t posted = 0, handled = 0;
    auto handler = [&](int, const std::string&) { ++handled; };
    std::vector<std::unique_ptr<port<std::string>>> ports;
    for (int r = 0; r < 4; ++r) ports.push_back(std::make_unique<port<std::string>>(all.at(r), handler));
    std::mt19937 random(seed);
    for (int i = 0; i < 2000; ++i) {
      const int from = static_cast<int>(random() % 4);
      ports[static_cast<std::size_t>(from)]->post(static_cast<int>(random() % 4),
                                                  std::string(random() % 50 == 0 ? 50'000 : 100, 'x'));
      ++posted;
      if (random() % 10 == 0) all.at(from).loop().turn();
    }
    std::vector<future<void>> ends;
    for (int r = 0; r < 4; ++r) {
      ends.push_back(all.at(r).shutdown());
      for (int i = 0; i < static_cast<int>(random() % 5); ++i) all.turn();
    }
    ASSERT_TRUE(all.drive([&] {
      for (auto& end : ends) {
        if (!end.ready()) return false;
      }
      return true;
    }));
    EXPECT_EQ(handled, posted) << "seed " << seed;
    EXPECT_EQ(all.cluster.lost(), 0u) << "seed " << seed;
    for (int r = 0; r < 4; ++r) EXPECT_EQ(all.cluster.open_operations(r), 0u);
    ports.clear();
  }
}

/// Handlers that sleep, post again and wait for others, under seeds: quiescence must come, and never early.
TEST(Context, QuiescenceIsNeverEarly) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    fake_options options;
    options.delay = testing::random_delay(seed, 8);
    options.complete_at_once = seed % 2 == 0;
    constexpr int ranks = 4;
    cluster_of_contexts all(ranks, options);
    std::mt19937 random(seed);
    std::uint64_t posted = 0, ended = 0;
    int tasks = 0;
    std::vector<std::unique_ptr<port<std::vector<int>>>> ports(ranks);
    const auto post = [&](int from, int left) {
      ++posted;
      std::vector<int> message(random() % 20 == 0 ? 5000 : 1, left);
      ports[static_cast<std::size_t>(from)]->post(static_cast<int>(random() % ranks), std::move(message));
    };
    const auto sleeper = [&](int rank) -> task<> {
      ++tasks;
      co_await sleep_for(all.at(rank), std::chrono::microseconds(random() % 3000));
      post(rank, 1);
      --tasks;
    };
    struct handler {
      const std::function<task<>(int, int)>* body;
      int rank;
      task<> operator()(int, std::vector<int> message) const { return (*body)(rank, message.front()); }
    };
    const std::function<task<>(int, int)> body = [&](int rank, int left) -> task<> {
      if (random() % 2 == 0) co_await sleep_for(all.at(rank), std::chrono::microseconds(random() % 2000));
      if (left > 0) {
        if (random() % 4 == 0) all.at(rank).spawn(sleeper(rank));
        for (unsigned i = 0; i < random() % 3; ++i) post(rank, left - 1);
        if (random() % 2 == 0) co_await sleep_for(all.at(rank), std::chrono::microseconds(random() % 500));
      }
      ++ended;
    };
    for (int r = 0; r < ranks; ++r) {
      ports[static_cast<std::size_t>(r)] = std::make_unique<port<std::vector<int>>>(all.at(r), handler{&body, r});
    }
    for (int round = 0; round < 2; ++round) {
      int quiet = 0;
      const auto waits = [&](int rank) -> task<> {
        co_await sleep_for(all.at(rank), std::chrono::microseconds(random() % 1000));
        for (int i = 0; i < 5; ++i) post(rank, 6);
        co_await all.at(rank).quiescence();
        ++quiet;
        EXPECT_EQ(posted, ended) << "seed " << seed;
        EXPECT_EQ(tasks, 0) << "seed " << seed;
      };
      for (int r = 0; r < ranks; ++r) all.at(r).spawn(waits(r));
      ASSERT_TRUE(all.drive([&] { return quiet == ranks; })) << "seed " << seed;
    }
    EXPECT_EQ(posted, ended);
    ports.clear();
  }
}

TEST(Context, QuiescenceWaitsForEveryRankToCallIt) {
  cluster_of_contexts all(2);
  auto first = all.at(0).quiescence();
  all.turn(50);
  EXPECT_FALSE(first.ready());
  auto second = all.at(1).quiescence();
  ASSERT_TRUE(all.drive([&] { return first.ready() && second.ready(); }));
}

TEST(Context, ADroppedQuiescenceStillCountsAsACall) {
  cluster_of_contexts all(2);
  { auto dropped = all.at(0).quiescence(); }
  auto second_of_first = all.at(0).quiescence();
  auto first_of_second = all.at(1).quiescence();
  ASSERT_TRUE(all.drive([&] { return first_of_second.ready(); }));
  all.turn(20);
  EXPECT_FALSE(second_of_first.ready());
  auto second_of_second = all.at(1).quiescence();
  ASSERT_TRUE(all.drive([&] { return second_of_first.ready() && second_of_second.ready(); }));
}

TEST(Context, ABusyLoopFlushesAfterTheFlushTime) {
  cluster_of_contexts all(2);
  int got = 0;
  auto handler = [&](int, int) { ++got; };
  port<int> a(all.at(0), handler);
  port<int> b(all.at(1), handler);
  all.turn(3);
  bool stop = false;
  auto busy = [&]() -> task<> {
    while (!stop) co_await yield();
  };
  all.at(0).spawn(busy());
  a.post(1, 1);
  all.turn(50);
  EXPECT_EQ(got, 0) << "time stands still";
  all.cluster.advance(51us);
  all.turn(10);
  EXPECT_EQ(got, 1);
  stop = true;
  all.turn(3);
}

}  // namespace
}  // namespace weft
