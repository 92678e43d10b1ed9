// SPDX-License-Identifier: BSL-1.0
#include <weft/async/event.hpp>

#include <optional>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using event_test = weft::testing::loop_test;

TEST_F(event_test, set_releases_present_and_future_waiters_until_reset) {
  async_event e(l);
  auto a = e.wait();
  auto b = e.wait();
  EXPECT_FALSE(a.ready());
  e.set();
  EXPECT_TRUE(a.ready() && b.ready());
  EXPECT_TRUE(e.wait().ready());
  e.reset();
  EXPECT_FALSE(e.is_set());
  EXPECT_FALSE(e.wait().ready());
}

TEST_F(event_test, waiters_may_leave_and_the_event_may_go_first) {
  std::optional<async_event> e(std::in_place, l);
  { auto left = e->wait(); }
  auto waiting = e->wait();
  e.reset();
  EXPECT_THROW(waiting.get(), operation_cancelled);
}

}  // namespace
