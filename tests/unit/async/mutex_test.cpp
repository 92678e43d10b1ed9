// SPDX-License-Identifier: BSL-1.0
#include <weft/async/mutex.hpp>

#include <string>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using mutex_test = weft::testing::loop_test;

TEST_F(mutex_test, one_at_a_time_over_awaits_and_in_order) {
  async_mutex m(l);
  bool inside = false;
  std::string order;
  auto body = [&](char name) -> task<> {
    auto held = co_await m.lock();
    EXPECT_FALSE(inside);
    inside = true;
    co_await yield();
    order += name;
    inside = false;
  };
  scope s(l);
  for (char name : {'a', 'b', 'c', 'd'}) s.spawn(body(name));
  s.join().get();
  EXPECT_EQ(order, "abcd");
  EXPECT_FALSE(m.locked());
}

TEST_F(mutex_test, try_lock) {
  async_mutex m(l);
  auto held = m.try_lock();
  EXPECT_TRUE(held.holds());
  EXPECT_TRUE(m.locked());
  EXPECT_FALSE(m.try_lock().holds());
}

}  // namespace
