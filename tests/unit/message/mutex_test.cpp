// SPDX-License-Identifier: BSL-1.0
#include <weft/message/mutex.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include <weft/async/spawn.hpp>
#include <weft/async/timer.hpp>

#include "support/context_driver.hpp"

namespace weft {
namespace {

using testing::cluster_of_contexts;

template <class Lock>
struct locks {
  explicit locks(int ranks) : all(ranks) {
    for (int r = 0; r < ranks; ++r) each.push_back(std::make_unique<Lock>(all.at(r)));
    all.turn(5);
  }
  Lock& at(int rank) { return *each[static_cast<std::size_t>(rank)]; }
  cluster_of_contexts all;
  std::vector<std::unique_ptr<Lock>> each;
};

task<> enter_often(context& ctx, mutex& lock, int times, int& inside, int& entered) {
  for (int i = 0; i < times; ++i) {
    const permit held = co_await lock.lock();
    EXPECT_EQ(++inside, 1);
    co_await sleep_for(ctx.loop(), duration(100));
    --inside;
    ++entered;
  }
}

TEST(Mutex, OneTaskOfAllRanksIsInside) {
  locks<mutex> l(3);
  int inside = 0;
  int entered = 0;
  std::vector<future<void>> tasks;
  for (int r = 0; r < 3; ++r) {
    for (int i = 0; i < 2; ++i)
      tasks.push_back(spawn(l.all.at(r).loop(), enter_often(l.all.at(r), l.at(r), 20, inside, entered)));
  }
  ASSERT_TRUE(l.all.drive([&] { return entered == 3 * 2 * 20; }));
  l.all.turn(5);
  EXPECT_EQ(l.at(0).holder(), -1);
}

task<> fail_inside(mutex& lock) {
  const permit held = co_await lock.lock();
  throw std::runtime_error("inside");
}

TEST(Mutex, AHolderThatFailsHasGivenItBack) {
  locks<mutex> l(2);
  auto failed = spawn(l.all.at(1).loop(), fail_inside(l.at(1)));
  ASSERT_TRUE(l.all.drive([&] { return failed.ready(); }));
  EXPECT_THROW(failed.get(), std::runtime_error);
  auto next = l.at(0).lock();
  EXPECT_TRUE(l.all.drive([&] { return next.ready(); }));
}

task<> hold_for_ever(context& ctx, mutex& lock) {
  const permit held = co_await lock.lock();
  co_await sleep_for(ctx.loop(), std::chrono::hours(1));
}

TEST(Mutex, AHolderThatIsCancelledHasGivenItBack) {
  locks<mutex> l(2);
  auto holds = spawn(l.all.at(1).loop(), hold_for_ever(l.all.at(1), l.at(1)));
  for (int i = 0; i < 20; ++i) {  // not `drive`, which would jump over the hour
    l.all.at(0).loop().turn();
    l.all.at(1).loop().turn();
  }
  EXPECT_EQ(l.at(0).holder(), 1);
  holds.cancel();
  auto next = l.at(0).lock();
  EXPECT_TRUE(l.all.drive([&] { return next.ready(); }));
}

TEST(SharedMutex, ReadersShareAndAWriterIsNotOvertaken) {
  locks<shared_mutex> l(2);
  auto first = l.at(0).lock_shared();
  auto second = l.at(1).lock_shared();
  ASSERT_TRUE(l.all.drive([&] { return first.ready() && second.ready(); }));
  auto writer = l.at(1).lock();
  l.all.turn(5);
  auto late_reader = l.at(0).lock_shared();
  l.all.turn(5);
  EXPECT_FALSE(writer.ready() || late_reader.ready());
  first.get().release();
  second.get().release();
  ASSERT_TRUE(l.all.drive([&] { return writer.ready(); }));
  EXPECT_FALSE(late_reader.ready());
  writer.get().release();
  EXPECT_TRUE(l.all.drive([&] { return late_reader.ready(); }));
}

}  // namespace
}  // namespace weft
