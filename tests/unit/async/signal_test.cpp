// SPDX-License-Identifier: BSL-1.0
#include <weft/async/signal.hpp>

#include <csignal>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using signal_test = weft::testing::loop_test;

TEST_F(signal_test, an_arrival_completes_one_wait_or_is_kept) {
  signal_watch usr1(l, SIGUSR1);
  auto first = usr1.next();
  auto second = usr1.next();
  ASSERT_TRUE(cluster.host(0).raise(SIGUSR1));
  first.get();
  EXPECT_FALSE(second.ready());
  ASSERT_TRUE(cluster.host(0).raise(SIGUSR1));
  second.get();
  ASSERT_TRUE(cluster.host(0).raise(SIGUSR1));
  turns(1);
  EXPECT_TRUE(usr1.next().ready());
  EXPECT_EQ(usr1.arrivals(), 3u);
}

TEST_F(signal_test, the_watch_ends_with_the_object) {
  future<void> waiting;
  {
    signal_watch usr1(l, SIGUSR1);
    waiting = usr1.next();
  }
  EXPECT_FALSE(cluster.host(0).raise(SIGUSR1));
  EXPECT_THROW(waiting.get(), operation_cancelled);
}

}  // namespace
