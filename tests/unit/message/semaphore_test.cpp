// SPDX-License-Identifier: BSL-1.0
#include <weft/message/semaphore.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "support/context_driver.hpp"

namespace weft {
namespace {

using testing::cluster_of_contexts;

struct semaphores {
  semaphores(int ranks, std::uint32_t units, semaphore_options options = {}) : all(ranks) {
    for (int r = 0; r < ranks; ++r) each.push_back(std::make_unique<semaphore>(all.at(r), units, options));
    all.turn(5);
  }
  semaphore& at(int rank) { return *each[static_cast<std::size_t>(rank)]; }
  bool comes(future<permit>& f) {
    return all.drive([&] { return f.ready(); });
  }
  cluster_of_contexts all;
  std::vector<std::unique_ptr<semaphore>> each;
};

TEST(Semaphore, GrantsInTheOrderOfTheRequests) {
  semaphores s(3, 2, {.home = 1});
  auto first = s.at(0).acquire();
  auto second = s.at(1).acquire();
  ASSERT_TRUE(s.comes(first) && s.comes(second));
  EXPECT_EQ(s.at(1).available(), 0u);
  auto third = s.at(2).acquire();
  s.all.turn(5);
  auto fourth = s.at(0).acquire();
  s.all.turn(5);
  EXPECT_FALSE(third.ready() || fourth.ready());
  EXPECT_EQ(s.at(1).queued(), 2u);
  EXPECT_EQ(s.at(1).holders().size(), 2u);
  permit held = first.get();
  held.release();
  EXPECT_FALSE(held.holds());
  ASSERT_TRUE(s.comes(third));
  EXPECT_FALSE(fourth.ready());
  second.get().release();
  ASSERT_TRUE(s.comes(fourth));
}

TEST(Semaphore, WhoeverNeedsManyIsNotOvertaken) {
  semaphores s(2, 3);
  auto one = s.at(0).acquire();
  ASSERT_TRUE(s.comes(one));
  auto all_of_them = s.at(1).acquire(3);
  s.all.turn(5);
  auto another = s.at(0).acquire();
  s.all.turn(5);
  EXPECT_FALSE(another.ready()) << "two units are free, but they are wanted";
  one.get().release();
  ASSERT_TRUE(s.comes(all_of_them));
  EXPECT_FALSE(another.ready());
  EXPECT_EQ(all_of_them.get().units(), 3u);
  ASSERT_TRUE(s.comes(another));
}

TEST(Semaphore, ADroppedRequestGivesUpItsPlace) {
  semaphores s(2, 1);
  auto held = s.at(0).acquire();
  ASSERT_TRUE(s.comes(held));
  {
    auto dropped = s.at(1).acquire();
    s.all.turn(5);
    EXPECT_EQ(s.at(0).queued(), 1u);
  }
  auto next = s.at(1).acquire();
  s.all.turn(5);
  EXPECT_EQ(s.at(0).queued(), 1u);
  held.get().release();
  ASSERT_TRUE(s.comes(next));
}

TEST(Semaphore, AGrantThatCrossesItsWithdrawalComesBack) {
  semaphores s(2, 1);
  {
    auto dropped = s.at(1).acquire();
    s.all.at(1).loop().turn();
    s.all.at(0).loop().turn();  // granted, and on its way
    EXPECT_EQ(s.at(0).available(), 0u);
  }
  ASSERT_TRUE(s.all.drive([&] { return s.at(0).available() == 1; }));
  EXPECT_TRUE(s.at(0).holders().empty());
  EXPECT_EQ(s.at(1).waiting(), 0u);
}

TEST(Semaphore, AGrantedFutureThatIsDroppedGivesItsUnitsBack) {
  semaphores s(2, 1);
  {
    auto granted = s.at(1).acquire();
    ASSERT_TRUE(s.comes(granted));
  }
  ASSERT_TRUE(s.all.drive([&] { return s.at(0).available() == 1; }));
}

TEST(Semaphore, RefusesWhatCanNeverBeGranted) {
  semaphores s(2, 2);
  EXPECT_THROW(s.at(0).acquire(3), usage_error);
  EXPECT_THROW(s.at(0).acquire(0), usage_error);
}

TEST(Semaphore, RequestsThatWaitWhenItIsDestroyedAreCancelled) {
  semaphores s(2, 1);
  auto held = s.at(0).acquire();
  ASSERT_TRUE(s.comes(held));
  auto waits = s.at(1).acquire();
  s.all.turn(5);
  held.get().release();
  s.each[1].reset();
  ASSERT_TRUE(waits.ready());
  EXPECT_THROW(static_cast<void>(waits.get()), operation_cancelled);
}

}  // namespace
}  // namespace weft
