// SPDX-License-Identifier: BSL-1.0
#include <weft/message/select.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <weft/async/spawn.hpp>
#include <weft/async/timeout.hpp>
#include <weft/async/timer.hpp>

#include "support/context_driver.hpp"

namespace weft {
namespace {

using testing::cluster_of_contexts;

/// Two channels of all ranks.
struct pair_of_channels {
  pair_of_channels(int ranks, channel_options first, channel_options second) : all(ranks) {
    for (int r = 0; r < ranks; ++r) {
      a.push_back(std::make_unique<channel<int>>(all.at(r), first));
      b.push_back(std::make_unique<channel<std::string>>(all.at(r), second));
    }
    all.turn(5);
  }
  template <class F>
  bool comes(F& f) {
    return all.drive([&] { return f.ready(); });
  }
  cluster_of_contexts all;
  std::vector<std::unique_ptr<channel<int>>> a;
  std::vector<std::unique_ptr<channel<std::string>>> b;
};

TEST(Select, TakesTheFirstThatComes) {
  for (const int rank : {0, 1}) {
    pair_of_channels c(2, {.home = 0}, {.capacity = 1, .home = 1});
    auto& a = *c.a[static_cast<std::size_t>(rank)];
    auto& b = *c.b[static_cast<std::size_t>(rank)];
    auto waits = select(getting(a), getting(b));
    c.all.turn(5);
    EXPECT_FALSE(waits.ready());
    auto put = c.b[0]->put("text");
    ASSERT_TRUE(c.comes(waits));
    const auto got = waits.get();
    EXPECT_EQ(got.index, 1u);
    EXPECT_EQ(std::get<1>(got.values), "text");
    EXPECT_FALSE(std::get<0>(got.values).has_value());
    c.all.turn(5);
    EXPECT_EQ(c.a[0]->gets_queued(), 0u);
    EXPECT_EQ(a.is_closed(), false);
  }
}

TEST(Select, TheChoiceThatIsNotTakenHasTakenNothing) {
  pair_of_channels c(3, {.capacity = 4, .home = 0}, {.capacity = 4, .home = 1});
  auto one = c.a[2]->put(1);
  auto two = c.b[2]->put("two");
  ASSERT_TRUE(c.comes(one) && c.comes(two));
  c.all.turn(5);
  auto waits = select(getting(*c.a[2]), getting(*c.b[2]));
  ASSERT_TRUE(c.comes(waits));
  if (waits.get().index == 0) {
    auto other = c.b[0]->get();
    ASSERT_TRUE(c.comes(other));
    EXPECT_EQ(other.get(), "two");
  } else {
    auto other = c.a[1]->get();
    ASSERT_TRUE(c.comes(other));
    EXPECT_EQ(other.get(), 1);
  }
}

TEST(Select, PutsInOneOfSeveral) {
  pair_of_channels c(2, {.home = 0}, {.home = 1});
  auto waits = select(putting(*c.a[1], 5), putting(c.b[1]->writer(), "five"));
  c.all.turn(5);
  EXPECT_FALSE(waits.ready());
  auto get = c.a[0]->get();
  ASSERT_TRUE(c.comes(waits) && c.comes(get));
  EXPECT_EQ(waits.get().index, 0u);
  EXPECT_EQ(get.get(), 5);
  auto nothing = c.b[0]->get();
  c.all.turn(10);
  EXPECT_FALSE(nothing.ready());
}

TEST(Select, ChoosesByLotAmongWhatIsReady) {
  pair_of_channels c(1, {.capacity = 1000}, {.capacity = 1000});
  for (int i = 0; i < 1000; ++i) {
    c.a[0]->put(i).get();
    c.b[0]->put("x").get();
  }
  int of_a = 0;
  for (int i = 0; i < 1000; ++i) of_a += select(getting(*c.a[0]), getting(*c.b[0])).get().index == 0 ? 1 : 0;
  EXPECT_GT(of_a, 400);
  EXPECT_LT(of_a, 600);
}

TEST(Select, ATimerIsAChoice) {
  pair_of_channels c(1, {}, {});
  auto& loop = c.all.at(0).loop();
  auto waits = select(getting(*c.a[0]), sleep_for(loop, std::chrono::milliseconds(5)));
  ASSERT_TRUE(c.comes(waits));
  EXPECT_EQ(waits.get().index, 1u);
  EXPECT_EQ(c.a[0]->gets_queued(), 0u);
  auto put = c.a[0]->put(1);
  auto item = select(getting(*c.a[0]), sleep_for(loop, std::chrono::hours(1)));
  ASSERT_TRUE(c.comes(item) && c.comes(put));
  EXPECT_EQ(item.get().index, 0u);
  EXPECT_EQ(loop.pending(), 0u);
}

TEST(Select, ALentFutureKeepsItsValue) {
  pair_of_channels c(1, {}, {});
  promise<int> soon(c.all.at(0).loop());
  auto value = soon.get_future();
  auto waits = select(value, getting(*c.a[0]));
  c.all.turn(3);
  EXPECT_FALSE(waits.ready());
  soon.set_value(3);
  ASSERT_TRUE(waits.ready());
  EXPECT_EQ(waits.get().index, 0u);
  EXPECT_EQ(value.get(), 3);
}

TEST(Select, TheEndOfAChannelIsTaken) {
  pair_of_channels c(2, {.home = 0}, {.home = 0});
  auto waits = select(getting(*c.a[1]), getting(*c.b[1]));
  c.all.turn(5);
  c.a[0]->close();
  ASSERT_TRUE(c.comes(waits));
  const auto got = waits.get();
  EXPECT_EQ(got.index, 0u);
  EXPECT_FALSE(std::get<0>(got.values).has_value());
}

TEST(Select, APutOnAClosedChannelFails) {
  pair_of_channels c(1, {}, {});
  auto waits = select(putting(*c.a[0], 1), getting(*c.b[0]));
  c.a[0]->close();
  ASSERT_TRUE(waits.ready());
  EXPECT_THROW(waits.get(), channel_closed);
  auto late = select(putting(*c.a[0], 1), getting(*c.b[0]));
  EXPECT_THROW(late.get(), channel_closed);
  EXPECT_EQ(c.b[0]->gets_queued(), 0u);
}

TEST(Select, GivingUpLeavesEveryQueue) {
  pair_of_channels c(2, {.home = 0}, {.home = 0});
  auto waits = select(getting(*c.a[1]), putting(*c.b[1], "x"));
  c.all.turn(5);
  EXPECT_EQ(c.a[0]->gets_queued(), 1u);
  EXPECT_EQ(c.b[0]->puts_queued(), 1u);
  EXPECT_TRUE(waits.cancel());
  c.all.turn(5);
  EXPECT_EQ(c.a[0]->gets_queued(), 0u);
  EXPECT_EQ(c.b[0]->puts_queued(), 0u);
}

TEST(Select, RefusesBothEndsOfOneChannel) {
  pair_of_channels c(1, {}, {});
  EXPECT_THROW(static_cast<void>(select(getting(*c.a[0]), putting(*c.a[0], 1))), usage_error);
  EXPECT_EQ(c.all.at(0).loop().pending(), 0u);
}

TEST(Select, WhoWaitsWhenAChannelIsDestroyedIsCancelled) {
  pair_of_channels c(1, {}, {});
  auto waits = select(getting(*c.a[0]), getting(*c.b[0]));
  c.b[0].reset();
  EXPECT_THROW(static_cast<void>(waits.get()), operation_cancelled);
  EXPECT_EQ(c.a[0]->gets_queued(), 0u);
}

task<> serve_both(pair_of_channels& c, int& served) {
  for (bool has_a = true, has_b = true; has_a || has_b;) {
    if (has_a && has_b) {
      auto waiting = select(getting(*c.a[0]), getting(*c.b[0]));
      const auto got = co_await waiting;
      if (got.index == 0 && !std::get<0>(got.values)) {
        has_a = false;
      } else if (got.index == 1 && !std::get<1>(got.values)) {
        has_b = false;
      } else {
        ++served;
      }
    } else if (has_a) {
      const auto item = co_await c.a[0]->get();
      has_a = item.has_value();
      served += has_a ? 1 : 0;
    } else {
      const auto item = co_await c.b[0]->get();
      has_b = item.has_value();
      served += has_b ? 1 : 0;
    }
  }
}
task<> write_both(pair_of_channels& c, std::size_t rank, int times) {
  for (int i = 0; i < times; ++i) {
    auto waiting = select(putting(*c.a[rank], i), putting(*c.b[rank], std::to_string(i)));
    co_await waiting;
  }
}

TEST(Select, ReadersAndWritersThatBothChooseMeet) {
  for (const std::size_t capacity : {0, 2}) {
    pair_of_channels c(3, {.capacity = capacity, .home = 0}, {.capacity = capacity, .home = 2});
    int served = 0;
    auto serving = spawn(c.all.at(0).loop(), serve_both(c, served));
    std::vector<future<void>> writing;
    for (std::size_t r = 0; r < 3; ++r)
      writing.push_back(spawn(c.all.at(static_cast<int>(r)).loop(), write_both(c, r, 200)));
    for (auto& w : writing) ASSERT_TRUE(c.comes(w));
    c.a[1]->close();
    c.b[1]->close();
    ASSERT_TRUE(c.comes(serving));
    EXPECT_EQ(served, 600);
  }
}

}  // namespace
}  // namespace weft
