// SPDX-License-Identifier: BSL-1.0
// A rank that holds an item and awaits something looks for the next one in advance.
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "unit/queue/queue_fixture.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::cluster_of_queues;

/// Works for a millisecond on each item; counts the times when none was there.
task<> consume(work_queue<int>& q, int& taken, int& missing) {
  for (;;) {
    auto next = q.get();
    if (!next.ready()) ++missing;
    auto held = co_await next;
    if (!held) co_return;
    ++taken;
    co_await sleep_for(1ms);
  }
}

TEST(look_ahead, the_next_items_have_come_when_the_last_one_is_done) {
  constexpr int ranks = 4;
  cluster_of_queues<int> c(ranks);
  for (int i = 0; i < 400; ++i) c.at(0).put(i);
  c.close_all();
  std::vector<int> taken(ranks), missing(ranks);
  std::vector<future<void>> tasks;
  for (std::size_t r = 0; r < ranks; ++r)
    tasks.push_back(c.on(static_cast<int>(r)).spawn(consume(c.at(static_cast<int>(r)), taken[r], missing[r])));
  ASSERT_TRUE(c.finish(tasks));
  for (std::size_t r = 0; r < ranks; ++r) {
    EXPECT_GE(taken[r], 98) << r;
    EXPECT_LE(missing[r], 5) << r;  // at the start, at the end, and when the last items are divided
  }
}

/// Rank 1 takes the only item that rank 0 has by then, and holds it.
struct holder_and_other {
  explicit holder_and_other(put_options how = {}) {
    c.at(0).put(0, how);
    tasks.push_back(c.on(1).spawn(hold()));
    EXPECT_TRUE(c.cluster.drive([this] { return c.at(1).held() == 1; }));
  }
  task<> hold() {
    auto held = co_await c.at(1).get();
    co_await sleep_for(1s);
  }
  void finish() {
    ASSERT_TRUE(c.finish(tasks));
    c.close_all();
    while (c.at(0).try_get() || c.at(1).try_get()) {
    }
    EXPECT_TRUE(c.drain());
  }
  cluster_of_queues<int> c{2};
  std::vector<future<void>> tasks;
};

TEST(look_ahead, a_victim_keeps_at_least_as_much_as_it_gives) {
  for (const std::size_t count : {1u, 2u, 5u}) {
    holder_and_other some;
    for (std::size_t i = 0; i < count; ++i) some.c.at(0).put(1);
    some.c.cluster.turn(50);
    EXPECT_EQ(some.c.at(1).size(), count / 2);
    some.finish();
  }
}

TEST(look_ahead, falls_silent_after_a_few_refusals) {
  holder_and_other some;
  some.c.cluster.turn(200);
  const std::uint64_t asked = some.c.at(1).stats().requests;
  EXPECT_LE(asked, 3u);
  some.c.cluster.turn(200);
  EXPECT_EQ(some.c.at(1).stats().requests, asked);
  some.finish();
}

TEST(look_ahead, not_while_a_long_item_is_held) {
  holder_and_other some({.is_long = true});
  for (int i = 0; i < 10; ++i) some.c.at(0).put(1);
  some.c.cluster.turn(50);
  EXPECT_EQ(some.c.at(1).size(), 0u);
  EXPECT_EQ(some.c.at(0).size(), 10u);
  some.finish();
}

}  // namespace
}  // namespace weft
