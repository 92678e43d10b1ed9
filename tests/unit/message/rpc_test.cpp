// SPDX-License-Identifier: BSL-1.0
#include <weft/message/rpc.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/async/event.hpp>
#include <weft/async/timer.hpp>

#include "support/context_driver.hpp"

namespace weft {
namespace {

using testing::cluster_of_contexts;
using namespace std::chrono_literals;

int add(int a, int b) { return a + b; }
std::string join(const std::vector<std::string>& parts) {
  return std::accumulate(parts.begin(), parts.end(), std::string());
}
void refuse(int value) { throw std::out_of_range("no " + std::to_string(value) + " here"); }

/// What a rank has, without globals.
struct station {
  context* ctx = nullptr;
  rpc<station>* calls = nullptr;
  async_event gate;
  int total = 0;
  int begun = 0;
  int ended = 0;
  int cancelled = 0;
  explicit station(context& on) : ctx(&on), gate(on) {}
};
void deposit(station& here, int amount) { here.total += amount; }
int total(const station& here) { return here.total; }
int total_of(station& here) { return total(here); }
task<int> wait_at_the_gate(station& here, int value) {
  ++here.begun;
  try {
    co_await here.gate.wait();
  } catch (const operation_cancelled&) {
    ++here.cancelled;
    throw;
  }
  ++here.ended;
  co_return value;
}
/// Calls back and forth until nothing is left.
task<int> bounce(station& here, int source, int left) {
  if (left == 0) co_return here.ctx->rank();
  const int me = here.ctx->rank();
  auto back = here.calls->call<bounce>(source, me, left - 1);
  co_return co_await back;
}
task<int> fail_later(station& here) {
  co_await sleep_for(here.ctx->loop(), 1us);
  throw std::runtime_error("after a while");
}

struct stations {
  explicit stations(int ranks, rpc_options options = {}) : all(ranks) {
    for (int r = 0; r < ranks; ++r) {
      here.push_back(std::make_unique<station>(all.at(r)));
      calls.push_back(std::make_unique<rpc<station>>(all.at(r), *here.back(), options));
      here.back()->calls = calls.back().get();
    }
    all.turn(5);
  }
  rpc<station>& at(int rank) { return *calls[static_cast<std::size_t>(rank)]; }
  station& state(int rank) { return *here[static_cast<std::size_t>(rank)]; }
  void expect_nothing_left() {
    all.turn(5);
    for (auto& each : calls) {
      EXPECT_EQ(each->waiting(), 0u);
      EXPECT_EQ(each->running(), 0u);
    }
  }
  cluster_of_contexts all;
  std::vector<std::unique_ptr<station>> here;
  std::vector<std::unique_ptr<rpc<station>>> calls;
};

template <class T>
bool comes(stations& s, future<T>& answer) {
  return s.all.drive([&] { return answer.ready(); });
}

TEST(Rpc, RunsFunctionsElsewhereAndHere) {
  stations s(2);
  auto sum = s.at(0).call<add>(1, 2, 3);
  auto own = s.at(0).call<add>(0, 4, 5);
  auto text = s.at(1).call<join>(0, std::vector<std::string>{"a", "b", std::string(10000, 'c')});
  auto lambda = s.at(1).call<[](double x) { return x / 2; }>(0, 3);
  ASSERT_TRUE(comes(s, sum) && comes(s, own) && comes(s, text) && comes(s, lambda));
  EXPECT_EQ(sum.get(), 5);
  EXPECT_EQ(own.get(), 9);
  EXPECT_EQ(text.get().size(), 10002u);
  EXPECT_EQ(lambda.get(), 1.5);
  s.expect_nothing_left();
}

TEST(Rpc, KeepsTheOrderOfCallsAndCasts) {
  stations s(2);
  for (int i = 1; i <= 100; ++i) s.at(0).cast<deposit>(1, i);
  auto seen = s.at(0).call<total_of>(1);
  ASSERT_TRUE(comes(s, seen));
  EXPECT_EQ(seen.get(), 5050);
}

TEST(Rpc, CarriesExceptionsWithTypeTextAndTheCallersLine) {
  stations s(2);
  auto bad = s.at(0).call<refuse>(1, 7);
  const unsigned line = __LINE__ - 1;
  auto late = s.at(0).call<fail_later>(1);
  ASSERT_TRUE(comes(s, bad) && comes(s, late));
  try {
    bad.get();
    FAIL() << "it has to throw";
  } catch (const remote_error& e) {
    EXPECT_EQ(e.type(), "std::out_of_range");
    EXPECT_EQ(e.text(), "no 7 here");
    EXPECT_EQ(e.where().line, line);
  }
  EXPECT_THROW(late.get(), remote_error);
  s.expect_nothing_left();
}

TEST(Rpc, ReportsWhatACastThrows) {
  stations s(2);
  s.at(0).cast<refuse>(1, 7);
  auto after = s.at(0).call<add>(1, 1, 1);
  ASSERT_TRUE(comes(s, after));
  EXPECT_EQ(s.all.at(1).ports().handler_errors, 1u);
}

TEST(Rpc, HandlersCallBackNestedAndCrossing) {
  stations s(3);
  std::vector<future<int>> answers;
  for (int from = 0; from < 3; ++from) {
    for (int to = 0; to < 3; ++to) answers.push_back(s.at(from).call<bounce>(to, from, 20));
  }
  for (auto& answer : answers) ASSERT_TRUE(comes(s, answer));
  for (int from = 0; from < 3; ++from) {
    for (int to = 0; to < 3; ++to) EXPECT_EQ(answers[static_cast<std::size_t>(3 * from + to)].get(), to);
  }
  s.expect_nothing_left();
}

TEST(Rpc, EndsAtItsDeadlineAndStopsTheCallee) {
  stations s(2);
  auto late = s.at(0).call<wait_at_the_gate>({1, 50us}, 1);
  ASSERT_TRUE(comes(s, late));
  EXPECT_THROW(late.get(), timed_out);
  ASSERT_TRUE(s.all.drive([&] { return s.state(1).cancelled == 1; }));
  s.expect_nothing_left();
}

TEST(Rpc, NeverAsksForWhatIsTooLateAlready) {
  stations s(2);
  auto late = s.at(0).call<wait_at_the_gate>({1, 0us}, 1);
  ASSERT_TRUE(late.ready());
  EXPECT_THROW(late.get(), timed_out);
  s.expect_nothing_left();
  EXPECT_EQ(s.state(1).begun, 0);
}

TEST(Rpc, AWithdrawnCallThatHasNotBegunIsNotRun) {
  stations s(2);
  {
    auto dropped = s.at(0).call<wait_at_the_gate>(1, 1);
    for (int i = 0; i < 3; ++i) {
      s.all.at(0).loop().turn();
      s.all.at(1).poll();  // the callee is busy: it has the call, and has not run it
    }
  }
  for (int i = 0; i < 3; ++i) {
    s.all.at(0).loop().turn();
    s.all.at(1).poll();
  }
  s.expect_nothing_left();
  EXPECT_EQ(s.state(1).begun, 0);
  s.state(1).gate.set();
  auto after = s.at(0).call<wait_at_the_gate>(1, 2);
  ASSERT_TRUE(comes(s, after));
  EXPECT_EQ(after.get(), 2);
}

TEST(Rpc, ADroppedCallIsCancelledWhereItRuns) {
  stations s(2);
  {
    auto dropped = s.at(0).call<wait_at_the_gate>(1, 1);
    ASSERT_TRUE(s.all.drive([&] { return s.state(1).begun == 1; }));
  }
  ASSERT_TRUE(s.all.drive([&] { return s.state(1).cancelled == 1; }));
  s.expect_nothing_left();
}

TEST(Rpc, AnswersThatItIsOverloadedInsteadOfQueueing) {
  stations s(2, {.most_running = 3});
  std::vector<future<int>> answers;
  for (int i = 0; i < 5; ++i) answers.push_back(s.at(0).call<wait_at_the_gate>(1, i));
  ASSERT_TRUE(comes(s, answers[3]) && comes(s, answers[4]));
  EXPECT_THROW(answers[3].get(), rpc_overloaded);
  EXPECT_THROW(answers[4].get(), rpc_overloaded);
  EXPECT_EQ(s.state(1).begun, 3);
  s.state(1).gate.set();
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(comes(s, answers[i]));
    EXPECT_EQ(answers[i].get(), static_cast<int>(i));
  }
  s.expect_nothing_left();
}

TEST(Rpc, CallsThatWaitWhenItIsDestroyedAreCancelled) {
  stations s(2);
  auto waits = s.at(0).call<wait_at_the_gate>(1, 1);
  ASSERT_TRUE(s.all.drive([&] { return s.state(1).begun == 1; }));
  s.calls.clear();
  ASSERT_TRUE(waits.ready());
  EXPECT_THROW(waits.get(), operation_cancelled);
  EXPECT_EQ(s.state(1).cancelled, 1);
}

TEST(Rpc, RefusesARankThatDoesNotExist) {
  stations s(2);
  EXPECT_THROW(s.at(0).call<add>(2, 1, 1), usage_error);
  s.expect_nothing_left();
}

}  // namespace
}  // namespace weft
