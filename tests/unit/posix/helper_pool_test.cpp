// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <weft/posix/helper_pool.hpp>

namespace weft::posix {
namespace {

using namespace std::chrono_literals;

bool wait_for(const std::atomic<int>& value, int wanted) {
  for (int i = 0; i < 5000 && value != wanted; ++i) std::this_thread::sleep_for(1ms);
  return value == wanted;
}

TEST(helper_pool, runs_what_is_due_in_order_and_nothing_early) {
  std::mutex mutex;
  std::string order;
  std::atomic<int> done{0};
  helper_pool pool(1);
  const auto now = helper_pool::clock::now();
  const auto note = [&](char letter) {
    const std::lock_guard lock(mutex);
    order += letter;
    ++done;
  };
  std::atomic<bool> early{false};
  pool.submit([&] { std::this_thread::sleep_for(10ms); });  // the rest queues up behind it
  pool.submit(
      [&] {
        early = helper_pool::clock::now() < now + 60ms;
        note('d');
      },
      now + 60ms);
  pool.submit([&] { note('c'); }, now + 30ms);
  pool.submit([&] { note('a'); });
  pool.submit([&] { note('b'); });
  ASSERT_TRUE(wait_for(done, 4));
  EXPECT_EQ(order, "abcd");
  EXPECT_FALSE(early);
}

TEST(helper_pool, destruction_waits_for_the_running_and_drops_the_rest) {
  std::atomic<int> begun{0}, finished{0}, late{0};
  {
    helper_pool pool(2);
    for (int i = 0; i < 2; ++i)
      pool.submit([&] {
        ++begun;
        std::this_thread::sleep_for(50ms);
        ++finished;
      });
    pool.submit([&] { ++late; }, helper_pool::clock::now() + 1h);
    ASSERT_TRUE(wait_for(begun, 2));
  }
  EXPECT_EQ(finished, 2);
  EXPECT_EQ(late, 0);
}

TEST(helper_pool, jobs_submit_jobs_and_threads_take_no_signals) {
  std::atomic<int> done{0};
  sigset_t mask;
  helper_pool pool(2);
  pool.submit([&] {
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    for (int i = 0; i < 100; ++i) pool.submit([&] { ++done; });
  });
  EXPECT_TRUE(wait_for(done, 100));
  EXPECT_EQ(::sigismember(&mask, SIGTERM), 1);
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(::sigismember(&mask, SIGTERM), 0);
}

}  // namespace
}  // namespace weft::posix
