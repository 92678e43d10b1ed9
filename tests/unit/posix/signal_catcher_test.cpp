// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>

#include <atomic>
#include <set>
#include <thread>
#include <weft/core/error.hpp>
#include <weft/posix/signal_catcher.hpp>

namespace weft::posix {
namespace {

bool readable(const signal_catcher& watch) {
  pollfd waiting{watch.fd(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

TEST(signal_catcher, readable_exactly_while_something_is_to_be_taken) {
  signal_catcher watch;
  watch.add(SIGUSR1, nullptr);
  watch.add(SIGUSR2, nullptr);
  int signal = 0;
  void* token = nullptr;
  EXPECT_FALSE(watch.take(signal, token));
  ::raise(SIGUSR1);
  ::raise(SIGUSR2);
  EXPECT_TRUE(readable(watch));
  std::set<int> taken;
  ASSERT_TRUE(watch.take(signal, token));
  taken.insert(signal);
  EXPECT_TRUE(readable(watch));
  ASSERT_TRUE(watch.take(signal, token));
  taken.insert(signal);
  EXPECT_EQ(taken, (std::set<int>{SIGUSR1, SIGUSR2}));
  EXPECT_FALSE(readable(watch));
}

TEST(signal_catcher, refusals) {
  signal_catcher first, second;
  EXPECT_THROW(first.add(SIGCHLD, nullptr), usage_error);
  EXPECT_THROW(first.add(0, nullptr), usage_error);
  EXPECT_THROW(first.add(NSIG, nullptr), usage_error);
  EXPECT_THROW(first.add(SIGKILL, nullptr), world_error);
  EXPECT_THROW(first.add(SIGKILL, nullptr), world_error) << "the refused one is not left claimed";
  first.add(SIGUSR1, nullptr);
  EXPECT_THROW(second.add(SIGUSR1, nullptr), usage_error);
  first.remove(SIGUSR1);
  second.add(SIGUSR1, nullptr);
  EXPECT_TRUE(first.empty());
  EXPECT_FALSE(second.empty());
}

TEST(signal_catcher, destruction_restores_and_what_was_noted_is_not_seen_by_the_next) {
  struct sigaction ignore {
  }, before{}, after{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGUSR1, &ignore, &before);
  {
    signal_catcher watch;
    watch.add(SIGUSR1, nullptr);
    ::raise(SIGUSR1);
  }
  ::sigaction(SIGUSR1, nullptr, &after);
  EXPECT_EQ(after.sa_handler, SIG_IGN);
  signal_catcher next;
  next.add(SIGUSR1, nullptr);
  int signal = 0;
  void* token = nullptr;
  EXPECT_FALSE(next.take(signal, token));
  next.remove(SIGUSR1);
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST(signal_catcher, signals_from_other_threads_while_watches_come_and_go) {
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGUSR1, &ignore, &before);
  std::atomic<bool> stop{false};
  std::thread sender([&] {
    while (!stop) ::raise(SIGUSR1);
  });
  int rounds_with_news = 0;
  for (int round = 0; round < 300; ++round) {
    signal_catcher watch;
    int mark = 0, signal = 0;
    void* token = nullptr;
    watch.add(SIGUSR1, &mark);
    for (int i = 0; i < 1000; ++i) {
      if (!watch.take(signal, token)) continue;
      EXPECT_EQ(signal, SIGUSR1);
      EXPECT_EQ(token, &mark);
      ++rounds_with_news;
      break;
    }
  }
  stop = true;
  sender.join();
  EXPECT_GT(rounds_with_news, 0);
  ::sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace
}  // namespace weft::posix
