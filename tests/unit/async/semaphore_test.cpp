// SPDX-License-Identifier: BSL-1.0
#include <weft/async/semaphore.hpp>

#include <optional>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using namespace std::chrono_literals;
using semaphore_test = weft::testing::loop_test;

TEST_F(semaphore_test, lets_in_as_many_as_it_has_units) {
  async_semaphore units(l, 3);
  int inside = 0;
  int most = 0;
  auto body = [&]() -> task<> {
    auto permit = co_await units.acquire();
    most = std::max(most, ++inside);
    co_await sleep_for(l, 1ms);
    --inside;
  };
  scope s(l);
  for (int i = 0; i < 10; ++i) s.spawn(body());
  s.join().get();
  EXPECT_EQ(most, 3);
  EXPECT_EQ(units.available(), 3u);
}

TEST_F(semaphore_test, serves_in_order_and_try_acquire_does_not_overtake) {
  async_semaphore units(l, 1);
  auto first = units.try_acquire();
  EXPECT_TRUE(first.holds());
  auto second = units.acquire();
  EXPECT_FALSE(second.ready());
  EXPECT_FALSE(units.try_acquire().holds());
  first.release();
  EXPECT_TRUE(second.ready());
  EXPECT_FALSE(units.try_acquire().holds());
}

TEST_F(semaphore_test, a_unit_that_was_granted_and_never_taken_comes_back) {
  async_semaphore units(l, 1);
  { auto granted = units.acquire(); }
  EXPECT_EQ(units.available(), 1u);
  auto held = units.try_acquire();
  { auto waiting = units.acquire(); }
  auto next = units.acquire();
  held.release();
  EXPECT_TRUE(next.ready());
}

TEST_F(semaphore_test, a_cancelled_waiter_leaves_the_queue_or_gives_its_unit_back) {
  async_semaphore units(l, 1);
  auto held = units.try_acquire();
  auto body = [&]() -> task<> {
    auto permit = co_await units.acquire();
    co_await sleep_for(l, 1h);
  };
  auto waiting = spawn(l, body());
  auto granted = spawn(l, body());
  turns(1);
  EXPECT_TRUE(waiting.cancel());
  held.release();  // the second is queued with its unit
  EXPECT_TRUE(granted.cancel());
  EXPECT_EQ(units.available(), 1u);
}

TEST_F(semaphore_test, destroyed_first_it_cancels_its_waiters) {
  std::optional<async_semaphore> units(std::in_place, l, std::size_t{0});
  future<semaphore_permit> waiting = units->acquire();
  units.reset();
  EXPECT_THROW((void)waiting.get(), operation_cancelled);
}

TEST_F(semaphore_test, units_can_be_added_and_detached) {
  async_semaphore units(l, 0);
  auto waiting = units.acquire();
  units.release(2);
  auto permit = waiting.get();
  permit.detach();
  EXPECT_FALSE(permit.holds());
  EXPECT_EQ(units.available(), 1u);
}

}  // namespace
