// SPDX-License-Identifier: BSL-1.0
#include <weft/message/topic.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/context_driver.hpp"

namespace weft {
namespace {

using testing::cluster_of_contexts;

struct topics {
  explicit topics(int ranks) : all(ranks) {
    for (int r = 0; r < ranks; ++r) each.push_back(std::make_unique<topic<std::string>>(all.at(r)));
    all.turn(5);
  }
  topic<std::string>& at(int rank) { return *each[static_cast<std::size_t>(rank)]; }
  bool comes(future<subscription>& f) {
    return all.drive([&] { return f.ready(); });
  }
  cluster_of_contexts all;
  std::vector<std::unique_ptr<topic<std::string>>> each;
};

TEST(Topic, AnEventComesToAllThatHaveSubscribed) {
  topics t(3);
  std::vector<std::string> seen[3];
  const auto note_in = [&](int who) {
    return [&seen, who](int publisher, const std::string& text) {
      seen[who].push_back(std::to_string(publisher) + text);
    };
  };
  const auto note_first = note_in(0);
  const auto note_second = note_in(1);
  const auto note_third = note_in(2);
  auto first = t.at(0).subscribe(note_first);
  auto second = t.at(2).subscribe(note_second);
  auto third = t.at(2).subscribe(note_third);
  ASSERT_TRUE(t.comes(first) && t.comes(second) && t.comes(third));
  const subscription a = first.get(), b = second.get(), c = third.get();
  for (int i = 0; i < 50; ++i) {
    t.at(1).publish("x" + std::to_string(i));
    t.at(2).publish("y" + std::to_string(i));
  }
  ASSERT_TRUE(t.all.drive([&] { return seen[0].size() == 100 && seen[1].size() == 100 && seen[2].size() == 100; }));
  for (const auto& of_one : seen) {  // in the order of each publisher
    int next_x = 0, next_y = 0;
    for (const std::string& text : of_one) {
      if (text[1] == 'x') {
        EXPECT_EQ(text, "1x" + std::to_string(next_x++));
      } else {
        EXPECT_EQ(text, "2y" + std::to_string(next_y++));
      }
    }
  }
}

TEST(Topic, ASubscriptionThatHasEndedGetsNothing) {
  topics t(2);
  int seen = 0;
  auto joins = t.at(1).subscribe([&seen](int, const std::string&) { ++seen; });
  ASSERT_TRUE(t.comes(joins));
  subscription active = joins.get();
  t.at(0).publish("one");
  ASSERT_TRUE(t.all.drive([&] { return seen == 1; }));
  t.at(0).publish("on its way");
  active.end();
  EXPECT_FALSE(active.is_active());
  t.all.turn(8);
  const auto posted = t.all.at(0).ports().posted;
  t.at(0).publish("to nobody");
  EXPECT_EQ(t.all.at(0).ports().posted, posted);
  EXPECT_EQ(seen, 1);
}

TEST(Topic, AHandlerMayEndItsSubscription) {
  topics t(1);
  int seen = 0;
  subscription active;
  auto joins = t.at(0).subscribe([&seen, &active](int, const std::string&) {
    ++seen;
    active.end();
  });
  ASSERT_TRUE(t.comes(joins));
  active = joins.get();
  t.at(0).publish("one");
  t.at(0).publish("two");
  t.all.turn(8);
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(t.at(0).handlers(), 0u);
}

TEST(Topic, ASubscriptionThatNobodyWaitsForEnds) {
  topics t(2);
  { auto dropped = t.at(1).subscribe([](int, const std::string&) {}); }
  EXPECT_EQ(t.at(1).handlers(), 0u);
  t.all.turn(8);
  const auto posted = t.all.at(0).ports().posted;
  t.at(0).publish("to nobody");
  EXPECT_EQ(t.all.at(0).ports().posted, posted);
}

TEST(Topic, WhatAHandlerThrowsIsReportedAndTheOthersAreCalled) {
  topics t(1);
  int seen = 0;
  auto one = t.at(0).subscribe([](int, const std::string&) { throw std::runtime_error("handler"); });
  auto other = t.at(0).subscribe([&seen](int, const std::string&) { ++seen; });
  ASSERT_TRUE(t.comes(one) && t.comes(other));
  const subscription a = one.get(), b = other.get();
  t.at(0).publish("event");
  ASSERT_TRUE(t.all.drive([&] { return seen == 1; }));
  EXPECT_EQ(t.all.at(0).loop().metrics().unseen_errors, 1u);
}

}  // namespace
}  // namespace weft
