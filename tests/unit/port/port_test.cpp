// SPDX-License-Identifier: BSL-1.0
#include <weft/port/port.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <weft/async/timer.hpp>

#include "support/allocation_count.hpp"
#include "support/context_driver.hpp"

namespace weft {
namespace {

/// The part of one rank.
template <class T>
T& of(std::vector<T>& all, int rank) {
  return all[static_cast<std::size_t>(rank)];
}

using testing::cluster_of_contexts;
using testing::fake_options;
using namespace std::chrono_literals;

/// Notes what comes, per source.
template <class T>
struct inbox {
  std::map<int, std::vector<T>> got;
  std::size_t count = 0;
  void operator()(int source, const T& value) {
    got[source].push_back(value);
    ++count;
  }
};

/// Refers to an inbox: ports copy their handlers.
template <class T>
struct into {
  inbox<T>* box;
  void operator()(int source, const T& value) const { (*box)(source, value); }
};

TEST(Port, DeliversInOrderAndNamesTheSource) {
  cluster_of_contexts all(3);
  std::vector<inbox<int>> boxes(3);
  std::vector<std::unique_ptr<port<int>>> ports;
  for (int r = 0; r < 3; ++r) ports.push_back(std::make_unique<port<int>>(all.at(r), into<int>{&of(boxes, r)}));
  for (int i = 0; i < 100; ++i) {
    for (int r = 0; r < 3; ++r) of(ports, r)->post((r + 1) % 3, 1000 * r + i);
  }
  ASSERT_TRUE(all.drive([&] { return boxes[0].count + boxes[1].count + boxes[2].count == 300; }));
  for (int r = 0; r < 3; ++r) {
    const int from = (r + 2) % 3;
    ASSERT_EQ(of(boxes, r).got.size(), 1u);
    const std::vector<int>& values = of(boxes, r).got.at(from);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], 1000 * from + i);
  }
}

TEST(Port, CoalescesSmallMessages) {
  cluster_of_contexts all(2);
  inbox<std::uint64_t> box;
  port<std::uint64_t> a(all.at(0), into<std::uint64_t>{&box});
  port<std::uint64_t> b(all.at(1), into<std::uint64_t>{&box});
  all.turn(3);
  const auto before = all.cluster.messages();
  for (std::uint64_t i = 0; i < 4970; ++i) a.post(1, i);
  ASSERT_TRUE(all.drive([&] { return box.count == 4970; }));
  EXPECT_EQ(all.at(0).ports().frames_sent, 10u);
  EXPECT_LE(all.cluster.messages() - before, 11u);
}

TEST(Port, ReachesTheOwnRank) {
  cluster_of_contexts all(1);
  inbox<std::string> box;
  port<std::string> p(all.at(0), into<std::string>{&box});
  p.post(0, "one");
  p.post(0, std::string(10000, 'x'));
  p.post(0, "three");
  EXPECT_EQ(box.count, 0u) << "handlers run in the loop only";
  ASSERT_TRUE(all.drive([&] { return box.count == 3; }));
  EXPECT_EQ(box.got[0], (std::vector<std::string>{"one", std::string(10000, 'x'), "three"}));
}

TEST(Port, RefusesARankThatDoesNotExist) {
  cluster_of_contexts all(2);
  inbox<int> box;
  port<int> p(all.at(0), into<int>{&box});
  port<int> q(all.at(1), into<int>{&box});
  EXPECT_THROW(p.post(2, 1), usage_error);
  EXPECT_THROW(p.post(-1, 1), usage_error);
}

struct record {
  int id;
  std::string name;
  std::vector<double> values;
  friend bool operator==(const record&, const record&) = default;
};

TEST(Port, KeepsTheOrderOfSmallAndLargeMessages) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    fake_options options;
    options.delay = testing::random_delay(seed, 5);
    options.complete_at_once = seed % 2 == 0;
    cluster_of_contexts all(3, options);
    std::vector<inbox<record>> boxes(3);
    std::vector<inbox<std::vector<int>>> vectors(3);
    std::vector<std::unique_ptr<port<record>>> records;
    std::vector<std::unique_ptr<port<std::vector<int>>>> plain;
    for (int r = 0; r < 3; ++r) {
      records.push_back(std::make_unique<port<record>>(all.at(r), into<record>{&of(boxes, r)}));
      plain.push_back(std::make_unique<port<std::vector<int>>>(all.at(r), into<std::vector<int>>{&of(vectors, r)}));
    }
    std::mt19937 random(seed);
    std::map<std::pair<int, int>, std::vector<record>> sent;
    std::map<std::pair<int, int>, std::vector<std::vector<int>>> sent_plain;
    for (int i = 0; i < 150; ++i) {
      for (int r = 0; r < 3; ++r) {
        const int to = static_cast<int>(random() % 3);
        record what{i, std::string(random() % 20, 'n'), {}};
        if (random() % 5 == 0) what.values.resize(1000 + random() % 100000, 1.5);
        of(records, r)->post(to, what);
        sent[{r, to}].push_back(what);
        std::vector<int> numbers(random() % 7 == 0 ? random() % 300000 : random() % 10);
        std::iota(numbers.begin(), numbers.end(), i);
        sent_plain[{r, to}].push_back(numbers);
        of(plain, r)->post(to, std::move(numbers));
      }
      all.turn();
    }
    const auto count = [&] {
      std::size_t n = 0;
      for (int r = 0; r < 3; ++r) n += of(boxes, r).count + of(vectors, r).count;
      return n;
    };
    ASSERT_TRUE(all.drive([&] { return count() == 900; })) << "seed " << seed;
    for (auto& [pair, values] : sent) EXPECT_TRUE(of(boxes, pair.second).got[pair.first] == values) << "seed " << seed;
    for (auto& [pair, values] : sent_plain)
      EXPECT_TRUE(of(vectors, pair.second).got[pair.first] == values) << "seed " << seed;
    EXPECT_GT(all.at(0).ports().large, 0u);
  }
}

TEST(Port, FloodToAStoppedReceiverIsBoundedOnBothSides) {
  cluster_of_contexts all(2);
  inbox<std::uint64_t> box;
  port<std::uint64_t> a(all.at(0), into<std::uint64_t>{&box});
  port<std::uint64_t> b(all.at(1), into<std::uint64_t>{&box});
  all.turn(3);
  all.cluster.stop(1);
  std::uint64_t posted = 0;
  while (a.try_post(1, posted)) ++posted;
  EXPECT_LE(posted * 8, 64u * 1024 + 4000);
  EXPECT_GE(posted * 8, 60'000u);
  for (int i = 0; i < 100000; ++i) a.post(1, posted++);  // never waits, never fails
  for (int i = 0; i < 10; ++i) all.at(0).loop().turn();
  EXPECT_EQ(all.cluster.unreceived(1), 16u) << "frames in the receiver's hands";
  EXPECT_GT(all.at(0).ports().frames_queued, 100u);
  all.cluster.resume(1);
  ASSERT_TRUE(all.drive([&] { return box.count == posted; }));
  for (std::uint64_t i = 0; i < posted; ++i) ASSERT_EQ(box.got[0][i], i);
}

TEST(Port, FloodToAReceiverThatOnlyPollsHoldsNoMoreThanTheCredits) {
  cluster_of_contexts all(2);
  inbox<std::uint64_t> box;
  port<std::uint64_t> a(all.at(0), into<std::uint64_t>{&box});
  port<std::uint64_t> b(all.at(1), into<std::uint64_t>{&box});
  all.turn(3);
  for (std::uint64_t i = 0; i < 50000; ++i) a.post(1, i);
  for (int i = 0; i < 100; ++i) {
    all.at(0).loop().turn();
    all.at(1).poll();
  }
  EXPECT_EQ(box.count, 0u) << "poll runs no user handler";
  EXPECT_EQ(all.at(1).ports().frames_received, 16u);
  ASSERT_TRUE(all.drive([&] { return box.count == 50000; }));
  for (std::uint64_t i = 0; i < 50000; ++i) ASSERT_EQ(box.got[0][i], i);
}

TEST(Port, ProtocolMessagesPassUserMessagesThatAreHeld) {
  cluster_of_contexts all(2);
  inbox<int> user;
  inbox<int> protocol;
  port<int> a(all.at(0), into<int>{&user});
  port<int> b(all.at(1), into<int>{&user});
  port<int> c(all.at(0), into<int>{&protocol}, {.name = "p", .protocol = true});
  port<int> d(all.at(1), into<int>{&protocol}, {.name = "p", .protocol = true});
  all.turn(3);
  for (int i = 0; i < 10000; ++i) {
    a.post(1, i);
    if (i % 1000 == 0) c.post(1, i);
  }
  for (int i = 0; i < 20; ++i) {
    all.at(0).loop().turn();
    all.at(1).poll();
  }
  EXPECT_EQ(user.count, 0u);
  EXPECT_EQ(protocol.count, 10u);
  ASSERT_TRUE(all.drive([&] { return user.count == 10000; }));
}

TEST(Port, AnswersALoneMessageInTheTurnThatFindsIt) {
  cluster_of_contexts all(2);
  inbox<int> answers;
  std::unique_ptr<port<int>> ports[2];
  const auto answer = [&ports](int source, int value) { ports[1]->post(source, value + 1); };
  ports[0] = std::make_unique<port<int>>(all.at(0), into<int>{&answers});
  ports[1] = std::make_unique<port<int>>(all.at(1), answer);
  all.turn(5);
  ports[0]->post(1, 1);
  all.at(0).loop().turn();
  const std::uint64_t sent = all.at(1).ports().frames_sent;
  all.at(1).loop().turn();
  EXPECT_EQ(all.at(1).ports().frames_sent, sent + 1);
  ASSERT_TRUE(all.drive([&] { return answers.count == 1; }));
}

TEST(Port, AHandlerThatPollsKeepsTheOrderOfWhatIsLeftOfItsFrame) {
  cluster_of_contexts all(2);
  inbox<std::vector<int>> box;
  port<std::vector<int>> lists(all.at(0), into<std::vector<int>>{&box});
  port<std::vector<int>> got(all.at(1), into<std::vector<int>>{&box});
  bool has_polled = false;
  const auto poll = [&](int, int) {
    if (std::exchange(has_polled, true)) return;
    lists.post(1, {3});
    all.at(0).loop().turn();
    all.at(1).poll();
  };
  port<int> a(all.at(0), poll);
  port<int> b(all.at(1), poll);
  all.turn(5);
  a.post(1, 0);
  lists.post(1, std::vector<int>(100000, 1));
  lists.post(1, {2});  // waits for the large one, in the frame whose first handler polls
  ASSERT_TRUE(all.drive([&] { return box.count == 3; }));
  EXPECT_TRUE(has_polled);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(of(box.got[0], i).front(), i + 1);
}

TEST(Port, RanksWhoseHandlersFloodEachOtherFinish) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    fake_options options;
    options.delay = testing::random_delay(seed, 3);
    cluster_of_contexts all(2, options);
    std::uint64_t handled = 0;
    struct reply {
      std::unique_ptr<port<std::uint64_t>>* mine;
      std::uint64_t* handled;
      void operator()(int source, std::uint64_t left) const {
        ++*handled;
        if (left == 0) return;
        (*mine)->post(source, left - 1);
        (*mine)->post(source, 0);
      }
    };
    std::unique_ptr<port<std::uint64_t>> ports[2];
    for (int r = 0; r < 2; ++r) ports[r] = std::make_unique<port<std::uint64_t>>(all.at(r), reply{&ports[r], &handled});
    for (int i = 0; i < 30000; ++i) {
      ports[0]->post(1, 5);
      ports[1]->post(0, 5);
    }
    ASSERT_TRUE(all.drive([&] { return handled == 60000 * 11; })) << handled;
    ports[0].reset();
    ports[1].reset();
  }
}

TEST(Port, MessagesWaitForAPortThatIsConstructedLate) {
  cluster_of_contexts all(2);
  inbox<int> first, second;
  port<int> a0(all.at(0), into<int>{&first});
  port<int> a1(all.at(1), into<int>{&first});
  port<int> b0(all.at(0), into<int>{&second});
  for (int i = 0; i < 5000; ++i) b0.post(1, i);
  b0.post(1, 5000);
  a0.post(1, 7);
  all.turn(50);
  EXPECT_EQ(second.count, 0u);
  port<int> b1(all.at(1), into<int>{&second});
  ASSERT_TRUE(all.drive([&] { return second.count == 5001 && first.count == 1; }));
  for (int i = 0; i <= 5000; ++i) ASSERT_EQ(second.got[0][static_cast<std::size_t>(i)], i);
}

TEST(Port, DifferentOrderIsOneClearError) {
  cluster_of_contexts all(2);
  inbox<int> ints;
  inbox<double> doubles;
  port<int> a0(all.at(0), into<int>{&ints}, {.name = "numbers"});
  port<double> b0(all.at(0), into<double>{&doubles});
  port<double> b1(all.at(1), into<double>{&doubles}, {.name = "halo"});
  port<int> a1(all.at(1), into<int>{&ints});
  a0.post(1, 1);
  try {
    all.turn(20);
    FAIL() << "nothing was thrown";
  } catch (const error& e) {
    const std::string text = e.what();
    EXPECT_NE(text.find("rank 1: port 0 'halo' of double"), std::string::npos) << text;
    EXPECT_NE(text.find("from rank 0"), std::string::npos) << text;
    EXPECT_NE(text.find("same order"), std::string::npos) << text;
  }
}

TEST(Port, MessagesForADestroyedPortAreCountedAndReported) {
  cluster_of_contexts all(2);
  inbox<std::string> box;
  {
    port<std::string> a(all.at(0), into<std::string>{&box});
    {
      port<std::string> b(all.at(1), into<std::string>{&box});
      all.turn(3);
    }
    a.post(1, "small");
    a.post(1, std::string(100000, 'l'));
    a.post(1, "small");
    ASSERT_TRUE(all.drive([&] { return all.at(1).ports().dropped == 3; }));
  }
  EXPECT_EQ(box.count, 0u);
  all.close();
  EXPECT_NE(all.cluster.host(1).error_output.find("3 messages"), std::string::npos);
}

TEST(Port, AnExceptionOfAHandlerIsReportedAndTheNextMessagesCome) {
  cluster_of_contexts all(2);
  int handled = 0;
  auto handler = [&](int, int value) {
    ++handled;
    if (value % 2 == 1) throw std::runtime_error("odd " + std::to_string(value));
  };
  port<int> a(all.at(0), handler);
  port<int> b(all.at(1), handler);
  for (int i = 0; i < 10; ++i) a.post(1, i);
  ASSERT_TRUE(all.drive([&] { return handled == 10; }));
  EXPECT_EQ(all.at(1).ports().handler_errors, 5u);
  EXPECT_EQ(all.at(1).loop().metrics().unseen_errors, 5u);
  EXPECT_NE(all.cluster.host(1).error_output.find("odd 9"), std::string::npos);
}

TEST(Port, HandlersMustNotBlock) {
  cluster_of_contexts all(2);
  int refused = 0;
  std::optional<port<int>> a;
  auto handler = [&](int, int) {
    try {
      sleep_for(all.at(1), 1ms).get();
    } catch (const would_deadlock&) {
      ++refused;
    }
  };
  a.emplace(all.at(0), handler);
  port<int> b(all.at(1), handler);
  a->post(1, 1);
  ASSERT_TRUE(all.drive([&] { return refused == 1; }));
}

TEST(Port, CoroutineHandlersRunSideBySide) {
  cluster_of_contexts all(2);
  int started = 0, ended = 0;
  auto handler = [&](int, std::string text) -> task<> {
    ++started;
    co_await sleep_for(all.at(1), 1ms);
    if (text == "text 3") throw std::runtime_error("three");
    ++ended;
  };
  port<std::string> a(all.at(0), handler);
  port<std::string> b(all.at(1), handler);
  for (int i = 0; i < 10; ++i) a.post(1, "text " + std::to_string(i));
  ASSERT_TRUE(all.drive([&] { return started == 10; }));
  EXPECT_EQ(ended, 0);
  ASSERT_TRUE(all.drive([&] { return ended == 9; }));
  EXPECT_EQ(all.at(1).ports().handler_errors, 1u);
}

TEST(Port, PostWaitHoldsTheProducerBack) {
  cluster_of_contexts all(2);
  inbox<std::uint64_t> box;
  port<std::uint64_t> a(all.at(0), into<std::uint64_t>{&box});
  port<std::uint64_t> b(all.at(1), into<std::uint64_t>{&box});
  all.turn(3);
  all.cluster.stop(1);
  std::uint64_t sent = 0;
  auto producer = [&]() -> task<> {
    for (std::uint64_t i = 0; i < 50000; ++i) {
      co_await a.post_wait(1, i);
      ++sent;
    }
  };
  auto done = all.at(0).spawn(producer());
  for (int i = 0; i < 1000; ++i) all.at(0).loop().turn();
  EXPECT_LE(sent * 8, 64'000u + 4000);
  EXPECT_GT(sent * 8, 60'000u);
  all.cluster.resume(1);
  ASSERT_TRUE(all.drive([&] { return done.ready() && box.count == 50000; }));
}

TEST(Port, SmallMessagesCostNoAllocation) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "allocations are not counted here";
  fake_options options;
  cluster_of_contexts all(2, options);
  std::uint64_t count = 0;
  auto handler = [&](int, std::uint64_t) { ++count; };
  auto text_handler = [&](int, const std::string&) { ++count; };
  port<std::uint64_t> a(all.at(0), handler);
  port<std::uint64_t> b(all.at(1), handler);
  port<std::string> c(all.at(0), text_handler);
  port<std::string> d(all.at(1), text_handler);
  const auto round = [&] {
    const std::uint64_t goal = count + 1001;
    for (std::uint64_t i = 0; i < 1000; ++i) a.post(1, i);
    c.post(1, "short");
    while (count < goal) all.turn();
    all.turn(3);
  };
  for (int i = 0; i < 20; ++i) round();
  const auto before = test::allocations();
  for (int i = 0; i < 20; ++i) round();
  EXPECT_EQ(test::allocations() - before, 0u);
}

}  // namespace
}  // namespace weft
