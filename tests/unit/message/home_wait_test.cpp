// SPDX-License-Identifier: BSL-1.0
#include <weft/message/home_wait.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include <weft/async/spawn.hpp>
#include <weft/message/barrier.hpp>
#include <weft/message/event.hpp>
#include <weft/message/latch.hpp>
#include <weft/message/once.hpp>

#include "support/context_driver.hpp"

namespace weft {
namespace {

using testing::cluster_of_contexts;

/// One such object on each rank.
template <class Object>
struct objects {
  template <class... Args>
  explicit objects(int ranks, Args... args) : all(ranks) {
    for (int r = 0; r < ranks; ++r) each.push_back(std::make_unique<Object>(all.at(r), args...));
    all.turn(5);
  }
  Object& at(int rank) { return *each[static_cast<std::size_t>(rank)]; }
  template <class F>
  bool comes(F& f) {
    return all.drive([&] { return f.ready(); });
  }
  cluster_of_contexts all;
  std::vector<std::unique_ptr<Object>> each;
};

TEST(Latch, OpensWhenItIsCountedDown) {
  objects<latch> l(3, 3u, meeting_options{.home = 1});
  auto first = l.at(0).wait();
  auto second = l.at(2).arrive_and_wait();
  l.at(0).count_down();
  l.all.turn(5);
  EXPECT_FALSE(first.ready() || second.ready());
  EXPECT_EQ(l.at(1).left(), 1u);
  l.at(1).count_down();
  ASSERT_TRUE(l.comes(first) && l.comes(second));
  auto late = l.at(1).wait();
  EXPECT_TRUE(l.comes(late));
}

TEST(Latch, WhoeverGivesUpWaitsNoMore) {
  objects<latch> l(2, 1u);
  auto gone = l.at(1).wait();
  l.all.turn(5);
  EXPECT_EQ(l.at(0).queued(), 1u);
  EXPECT_TRUE(gone.cancel());
  l.all.turn(5);
  EXPECT_EQ(l.at(0).queued(), 0u);
}

task<> meet_often(barrier& b, int times, int& mine, const std::vector<int>& all) {
  for (int i = 0; i < times; ++i) {
    ++mine;
    co_await b.arrive_and_wait();
    for (const int other : all) EXPECT_TRUE(other >= i + 1 && other <= i + 2);
  }
}

TEST(Barrier, NobodyGoesOnBeforeAllHaveArrived) {
  objects<barrier> b(3, 6u, meeting_options{.home = 2});
  std::vector<int> phases(6);
  std::vector<future<void>> tasks;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const int rank = static_cast<int>(i) % 3;
    tasks.push_back(spawn(b.all.at(rank).loop(), meet_often(b.at(rank), 50, phases[i], phases)));
  }
  for (auto& t : tasks) EXPECT_TRUE(b.comes(t));
  EXPECT_EQ(b.at(2).phase(), 50u);
}

TEST(Barrier, WhoeverGivesUpHasNotArrived) {
  objects<barrier> b(2, 2u);
  auto gone = b.at(1).arrive_and_wait();
  b.all.turn(5);
  EXPECT_TRUE(gone.cancel());
  b.all.turn(5);
  auto first = b.at(0).arrive_and_wait();
  b.all.turn(5);
  EXPECT_FALSE(first.ready());
  auto second = b.at(1).arrive_and_wait();
  EXPECT_TRUE(b.comes(first) && b.comes(second));
}

TEST(Barrier, WhoeverDropsOutIsNotWaitedFor) {
  objects<barrier> b(3, 3u);
  auto first = b.at(0).arrive_and_wait();
  auto second = b.at(1).arrive_and_wait();
  b.all.turn(5);
  EXPECT_FALSE(first.ready());
  b.at(2).arrive_and_drop();
  EXPECT_TRUE(b.comes(first) && b.comes(second));
  auto again = b.at(0).arrive_and_wait();
  auto too = b.at(1).arrive_and_wait();
  EXPECT_TRUE(b.comes(again) && b.comes(too));
}

TEST(Event, IsSetUntilItIsReset) {
  objects<event> e(3, meeting_options{.home = 1});
  auto first = e.at(0).wait();
  e.at(2).set();
  ASSERT_TRUE(e.comes(first));
  auto late = e.at(2).wait();
  ASSERT_TRUE(e.comes(late));
  e.at(0).reset();
  e.all.turn(5);
  auto waits = e.at(1).wait();
  e.all.turn(5);
  EXPECT_FALSE(waits.ready());
}

TEST(Event, NotifiesOneOrAllOfThoseThatWait) {
  objects<event> e(2);
  auto first = e.at(0).wait();
  e.all.turn(5);
  auto second = e.at(1).wait();
  auto third = e.at(1).wait();
  e.all.turn(5);
  e.at(1).notify_one();
  ASSERT_TRUE(e.comes(first));
  EXPECT_FALSE(second.ready() || third.ready());
  e.at(0).notify_all();
  EXPECT_TRUE(e.comes(second) && e.comes(third));
}

TEST(Event, AWakeUpThatCrossesItsWithdrawalWakesTheNext) {
  objects<event> e(2);
  auto gone = e.at(1).wait();
  e.all.turn(5);
  auto next = e.at(0).wait();
  e.all.turn(5);
  e.at(0).notify_one();
  e.all.at(0).loop().turn();  // the wake-up is on its way
  EXPECT_TRUE(gone.cancel());
  EXPECT_TRUE(e.comes(next));
}

TEST(Once, OneDoesItAndTheOthersWait) {
  objects<once> o(3, meeting_options{.home = 2});
  auto first = o.at(0).begin();
  ASSERT_TRUE(o.comes(first));
  auto second = o.at(1).begin();
  o.all.turn(5);
  EXPECT_FALSE(second.ready());
  once_turn turn = first.get();
  EXPECT_TRUE(static_cast<bool>(turn));
  turn.done();
  ASSERT_TRUE(o.comes(second));
  EXPECT_FALSE(static_cast<bool>(second.get()));
  EXPECT_TRUE(o.at(2).is_done());
  auto late = o.at(2).begin();
  ASSERT_TRUE(o.comes(late));
  EXPECT_FALSE(static_cast<bool>(late.get()));
}

task<> fail_at_it(once& o) {
  const once_turn turn = co_await o.begin();
  if (turn) throw std::runtime_error("failed");
}

TEST(Once, AFailureGivesTheTurnToTheNext) {
  objects<once> o(2);
  auto failed = spawn(o.all.at(1).loop(), fail_at_it(o.at(1)));
  ASSERT_TRUE(o.comes(failed));
  EXPECT_THROW(failed.get(), std::runtime_error);
  auto next = o.at(0).begin();
  ASSERT_TRUE(o.comes(next));
  EXPECT_TRUE(static_cast<bool>(next.get()));
}

TEST(Once, ATurnThatCrossesItsWithdrawalGoesToTheNext) {
  objects<once> o(2);
  auto gone = o.at(1).begin();
  o.all.at(1).loop().turn();
  o.all.at(0).loop().turn();  // the turn is on its way
  EXPECT_TRUE(gone.cancel());
  auto next = o.at(0).begin();
  ASSERT_TRUE(o.comes(next));
  EXPECT_TRUE(static_cast<bool>(next.get()));
}

TEST(HomeWait, WhoWaitsWhenItIsDestroyedIsCancelled) {
  objects<event> e(2);
  auto waits = e.at(1).wait();
  e.each[1].reset();
  EXPECT_THROW(waits.get(), operation_cancelled);
  EXPECT_THROW(event(e.all.at(0), {.home = 2}), usage_error);
}

}  // namespace
}  // namespace weft
