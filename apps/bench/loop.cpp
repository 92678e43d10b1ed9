// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <weft/async/async.hpp>

#include "cases.hpp"

namespace weft::bench {

namespace {

constexpr int live_timers = 1000;

/// Arming and cancelling one timer among 1,000 that are armed.
void timer(runner& with, context& ctx) {
  loop& on = ctx.loop();
  std::vector<future<void>> live;
  for (int i = 0; i < live_timers; ++i) live.push_back(sleep_for(on, std::chrono::hours(1 + i)));
  const time_point base = on.now();
  const auto ours = [&](int count) {
    for (int i = 0; i < count; ++i) (void)sleep_until(on, base + std::chrono::minutes(i % 60000));
  };
  std::multimap<time_point, std::function<void()>> timers;
  for (int i = 0; i < live_timers; ++i) timers.emplace(base + std::chrono::hours(1 + i), [] {});
  const auto multimap = [&](int count) {
    for (int i = 0; i < count; ++i) timers.erase(timers.emplace(base + std::chrono::minutes(i % 60000), [] {}));
  };
  with.run({"timer", ours, {{"multimap", multimap}}});
}

/// The least that a coroutine can be: what a program without a library would write.
struct plain_task {
  struct promise_type {
    std::coroutine_handle<> parent = std::noop_coroutine();
    int value = 0;
    plain_task get_return_object() { return plain_task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
      struct to_parent {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
          return self.promise().parent;
        }
        void await_resume() noexcept {}
      };
      return to_parent{};
    }
    void return_value(int v) noexcept { value = v; }
    void unhandled_exception() { std::terminate(); }
  };
  explicit plain_task(std::coroutine_handle<promise_type> h) : handle(h) {}
  plain_task(plain_task&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  ~plain_task() {
    if (handle) handle.destroy();
  }
  bool await_ready() noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) noexcept {
    handle.promise().parent = parent;
    return handle;
  }
  int await_resume() noexcept { return handle.promise().value; }
  std::coroutine_handle<promise_type> handle;
};

__attribute__((noinline)) task<int> child(int i) { co_return i; }
__attribute__((noinline)) plain_task plain_child(int i) { co_return i; }

task<int> parent(int count) {
  int total = 0;
  for (int i = 0; i < count; ++i) total ^= co_await child(i);
  co_return total;
}
plain_task plain_parent(int count) {
  int total = 0;
  for (int i = 0; i < count; ++i) total ^= co_await plain_child(i);
  co_return total;
}

/// Making, awaiting and ending a child task.
void spawn_child(runner& with, context& ctx) {
  const auto ours = [&](int count) { ctx.run(parent(count)); };
  const auto plain = [](int count) { plain_parent(count).handle.resume(); };
  with.run({"spawn", ours, {{"malloc", plain}}});
}

/// A function handed to the loop's thread by another thread.
void post_thread(runner& with, context& ctx) {
  const auto ours = [&](int count) {
    async_event all(ctx);
    int got = 0;
    std::thread poster([&] {
      for (int i = 0; i < count; ++i) {
        ctx.post([&all, &got, count] {
          if (++got == count) all.set();
        });
      }
    });
    all.wait().get();
    poster.join();
  };
  const auto mutexed = [](int count) {
    std::mutex guard;
    std::condition_variable news;
    std::deque<std::function<void()>> calls;
    int got = 0;
    std::thread poster([&] {
      for (int i = 0; i < count; ++i) {
        {
          const std::lock_guard lock(guard);
          calls.emplace_back([&got] { ++got; });
        }
        news.notify_one();
      }
    });
    while (got < count) {
      std::unique_lock lock(guard);
      news.wait(lock, [&] { return !calls.empty(); });
      auto call = std::move(calls.front());
      calls.pop_front();
      lock.unlock();
      call();
    }
    poster.join();
  };
  contest c{"post_thread", ours, {{"mutex", mutexed}}};
  c.target_seconds = 0.02;
  with.run(c);
}

}  // namespace

void loops(runner& with, context& ctx) {
  timer(with, ctx);
  spawn_child(with, ctx);
  post_thread(with, ctx);
}

}  // namespace weft::bench
