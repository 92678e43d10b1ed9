// SPDX-License-Identifier: BSL-1.0
#include <weft/message/channel.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include <weft/async/spawn.hpp>
#include <weft/async/timeout.hpp>
#include <weft/async/timer.hpp>

#include "support/context_driver.hpp"

namespace weft {
namespace {

using testing::cluster_of_contexts;

template <class T>
struct channels {
  channels(int ranks, channel_options options) : all(ranks) {
    for (int r = 0; r < ranks; ++r) each.push_back(std::make_unique<channel<T>>(all.at(r), options));
    all.turn(5);
  }
  channel<T>& at(int rank) { return *each[static_cast<std::size_t>(rank)]; }
  channel<T>& home() { return at(each.front()->home()); }
  template <class F>
  bool comes(F& f) {
    return all.drive([&] { return f.ready(); });
  }
  /// What a get on this rank yields.
  std::optional<T> next(int rank) {
    auto got = at(rank).get();
    EXPECT_TRUE(comes(got));
    return got.get();
  }
  cluster_of_contexts all;
  std::vector<std::unique_ptr<channel<T>>> each;
};

TEST(Channel, ARendezvousPutWaitsForItsGet) {
  for (const int reader : {0, 1}) {
    for (const int writer : {0, 1, 2}) {
      channels<int> c(3, {.home = 1});
      auto put = c.at(writer).put(7);
      c.all.turn(8);
      EXPECT_FALSE(put.ready());
      auto get = c.at(reader).get();
      ASSERT_TRUE(c.comes(put) && c.comes(get)) << writer << " to " << reader;
      EXPECT_EQ(get.get(), 7);
      auto early = c.at(reader).get();
      c.all.turn(8);
      EXPECT_FALSE(early.ready());
      auto late = c.at(writer).put(8);
      ASSERT_TRUE(c.comes(late) && c.comes(early));
      EXPECT_EQ(early.get(), 8);
    }
  }
}

TEST(Channel, TakesAsManyItemsAsItHasPlaces) {
  for (const int writer : {0, 1}) {
    channels<int> c(2, {.capacity = 3, .reader = 0});
    std::vector<future<void>> puts;
    for (int i = 0; i < 5; ++i) puts.push_back(c.at(writer).put(i));
    ASSERT_TRUE(c.comes(puts[2]));
    c.all.turn(8);
    EXPECT_FALSE(puts[3].ready() || puts[4].ready());
    EXPECT_EQ(c.at(0).stored(), 3u);
    EXPECT_EQ(c.at(0).puts_queued(), 2u);
    EXPECT_EQ(c.next(0), 0);
    ASSERT_TRUE(c.comes(puts[3]));
    EXPECT_FALSE(puts[4].ready());
    for (int i = 1; i < 5; ++i) EXPECT_EQ(c.next(0), i);
    EXPECT_TRUE(c.comes(puts[4]));
  }
}

task<> put_all(channel_writer<int> into, int first, int count) {
  for (int i = 0; i < count; ++i) co_await into.put(first + i);
}
task<> get_until_the_end(channel_reader<int> from, std::vector<int>& seen) {
  while (auto item = co_await from.get()) seen.push_back(*item);
}

TEST(Channel, KeepsTheOrderOfEachWriterForOneReader) {
  for (const std::size_t capacity : {0, 1, 4, 100}) {
    for (const int reader : {0, 2}) {
      channels<int> c(3, {.capacity = capacity, .home = 0});
      std::vector<int> seen;
      std::vector<future<void>> writers;
      auto reading = spawn(c.all.at(reader).loop(), get_until_the_end(c.at(reader).reader(), seen));
      for (int r = 0; r < 3; ++r)
        writers.push_back(spawn(c.all.at(r).loop(), put_all(c.at(r).writer(), r * 1000, 300)));
      for (auto& w : writers) ASSERT_TRUE(c.comes(w));
      c.at(1).close();
      ASSERT_TRUE(c.comes(reading));
      ASSERT_EQ(seen.size(), 900u);
      std::vector<int> next{0, 1000, 2000};
      for (const int item : seen) EXPECT_EQ(item, next[static_cast<std::size_t>(item / 1000)]++);
    }
  }
}

TEST(Channel, AStreamNeedsFewMessagesBesideItsItems) {
  channels<int> c(2, {.capacity = 1000, .reader = 1});
  std::vector<int> seen;
  auto reading = spawn(c.all.at(1).loop(), get_until_the_end(c.at(1).reader(), seen));
  const auto before = c.all.at(0).ports().posted + c.all.at(1).ports().posted;
  auto writing = spawn(c.all.at(0).loop(), put_all(c.at(0).writer(), 0, 10'000));
  ASSERT_TRUE(c.comes(writing));
  c.at(0).close();
  ASSERT_TRUE(c.comes(reading));
  EXPECT_EQ(seen.size(), 10'000u);
  EXPECT_LT(c.all.at(0).ports().posted + c.all.at(1).ports().posted - before, 10'000u + 300u);
}

TEST(Channel, CloseEndsReadersAfterWhatWasPut) {
  for (const int closer : {0, 1, 2}) {
    channels<std::string> c(3, {.capacity = 10});
    ASSERT_TRUE([&] {
      auto first = c.at(1).put("one");
      auto second = c.at(1).put("two");
      return c.comes(first) && c.comes(second);
    }());
    c.at(closer).close();
    EXPECT_EQ(c.next(2), "one");
    EXPECT_EQ(c.next(0), "two");
    for (int r = 0; r < 3; ++r) EXPECT_EQ(c.next(r), std::nullopt);
    for (int r = 0; r < 3; ++r) EXPECT_TRUE(c.at(r).is_closed());
  }
}

TEST(Channel, CloseRefusesPuts) {
  channels<int> c(2, {.capacity = 1});
  auto placed = c.at(1).put(1);
  ASSERT_TRUE(c.comes(placed));
  auto waits = c.at(1).put(2);
  auto waits_at_home = c.at(0).put(3);
  c.all.turn(5);
  c.at(0).close();
  ASSERT_TRUE(c.comes(waits) && c.comes(waits_at_home));
  EXPECT_THROW(waits.get(), channel_closed);
  EXPECT_THROW(waits_at_home.get(), channel_closed);
  EXPECT_THROW(c.at(1).put(4).get(), channel_closed);
  EXPECT_EQ(c.next(0), 1);
  EXPECT_EQ(c.next(0), std::nullopt);
}

TEST(Channel, GetsThatWaitSeeTheEnd) {
  channels<int> c(3, {.capacity = 1});
  auto here = c.at(0).get();
  auto there = c.at(2).get();
  c.all.turn(5);
  c.at(1).close();
  ASSERT_TRUE(c.comes(here) && c.comes(there));
  EXPECT_EQ(here.get(), std::nullopt);
  EXPECT_EQ(there.get(), std::nullopt);
}

TEST(Channel, APutThatGivesUpHasPutNothing) {
  for (const int writer : {0, 1}) {
    channels<int> c(2, {.capacity = 1, .home = 0});
    auto first = c.at(writer).put(1);
    ASSERT_TRUE(c.comes(first));
    auto second = c.at(writer).put(2);
    auto third = c.at(writer).put(3);
    c.all.turn(5);
    EXPECT_TRUE(second.cancel());
    EXPECT_EQ(c.next(0), 1);
    EXPECT_EQ(c.next(0), 3);
    EXPECT_TRUE(c.comes(third));
    EXPECT_EQ(c.at(0).puts_queued(), 0u);
  }
}

TEST(Channel, CreditThatCrossesTheEndOfItsPutServesAnotherWriter) {
  channels<int> c(3, {.home = 0});
  auto get = c.at(0).get();
  auto gone = c.at(1).put(1);
  c.all.at(1).loop().turn();
  c.all.at(0).loop().turn();  // credit is on its way
  EXPECT_TRUE(gone.cancel());
  auto other = c.at(2).put(2);
  ASSERT_TRUE(c.comes(get) && c.comes(other));
  EXPECT_EQ(get.get(), 2);
}

TEST(Channel, AnIdleWritersCreditIsCalledBack) {
  channels<int> c(3, {.capacity = 8, .home = 0});
  auto first = c.at(1).put(1);  // is lent more than it needs
  ASSERT_TRUE(c.comes(first));
  std::vector<future<void>> puts;
  for (int i = 0; i < 7; ++i) puts.push_back(c.at(2).put(i));
  for (auto& put : puts) EXPECT_TRUE(c.comes(put));
  EXPECT_TRUE(c.all.drive([&] { return c.at(0).stored() == 8; }));
}

TEST(Channel, AnItemWhoseGetHasGoneGoesToTheNext) {
  for (const int next : {0, 1, 2}) {
    channels<int> c(3, {.home = 0});
    auto gone = c.at(1).get();
    c.all.turn(3);
    auto put = c.at(0).put(5);
    c.all.at(0).loop().turn();  // on its way to rank 1
    EXPECT_TRUE(gone.cancel());
    EXPECT_TRUE(c.comes(put));
    EXPECT_EQ(c.next(next), 5) << next;
  }
}

TEST(Channel, TheEndWaitsForAnItemWhoseGetHasGone) {
  channels<int> c(3, {.capacity = 4, .home = 0});
  auto gone = c.at(1).get();
  c.all.turn(3);
  auto put = c.at(0).put(5);
  ASSERT_TRUE(put.ready());
  c.all.at(0).loop().turn();  // on its way to rank 1
  EXPECT_TRUE(gone.cancel());
  c.at(2).close();
  auto waits = c.at(2).get();
  ASSERT_TRUE(c.comes(waits));
  EXPECT_EQ(waits.get(), 5);
  EXPECT_EQ(c.next(1), std::nullopt);
  EXPECT_EQ(c.next(2), std::nullopt);
}

task<int> get_within(channel<int>& from, duration time) {
  auto waiting = with_timeout(from.get(), time);
  const std::optional<int> item = co_await waiting;
  co_return item.value_or(-1);
}

TEST(Channel, ATimeOutTakesNothing) {
  channels<int> c(2, {.capacity = 1, .home = 0});
  auto late = spawn(c.all.at(1).loop(), get_within(c.at(1), std::chrono::microseconds(10)));
  ASSERT_TRUE(c.comes(late));
  EXPECT_THROW(late.get(), timed_out);
  c.all.turn(5);
  EXPECT_EQ(c.at(0).gets_queued(), 0u);
  auto put = c.at(0).put(1);
  ASSERT_TRUE(c.comes(put));
  EXPECT_EQ(c.next(1), 1);
}

TEST(Channel, LargeItemsArriveWholeAndInOrder) {
  channels<std::vector<double>> c(3, {.capacity = 2, .home = 1});
  std::vector<future<void>> puts;
  for (int i = 0; i < 4; ++i) puts.push_back(c.at(0).put(std::vector<double>(20'000, i)));
  c.all.turn(3);
  for (int i = 0; i < 4; ++i) {
    const auto item = c.next(i % 2 == 0 ? 1 : 2);
    ASSERT_TRUE(item.has_value());
    EXPECT_EQ(*item, std::vector<double>(20'000, i));
  }
}

TEST(Channel, OneReaderMeansOneRank) {
  channels<int> c(2, {.reader = 1});
  EXPECT_EQ(c.at(0).home(), 1);
  EXPECT_THROW(static_cast<void>(c.at(0).get()), usage_error);
  cluster_of_contexts all(1);
  EXPECT_THROW(channel<int>(all.at(0), {.home = 1}), usage_error);
}

TEST(Channel, WhoWaitsWhenItIsDestroyedIsCancelled) {
  channels<int> c(2, {.home = 0});
  auto get = c.at(1).get();
  auto put = c.at(0).put(1);
  for (auto& each : c.each) each.reset();
  EXPECT_THROW(static_cast<void>(get.get()), operation_cancelled);
  EXPECT_THROW(put.get(), operation_cancelled);
}

}  // namespace
}  // namespace weft
