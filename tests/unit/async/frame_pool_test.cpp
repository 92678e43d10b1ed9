// SPDX-License-Identifier: BSL-1.0
#include <weft/async/frame_pool.hpp>

#include <cstring>

#include "support/allocation_count.hpp"
#include "support/loop_test.hpp"

namespace {

using namespace weft;
using namespace std::chrono_literals;

TEST(frame_pool, recycles_blocks_of_its_classes) {
  if (!detail::recycles_frames) GTEST_SKIP() << "no recycling under the address sanitizer";
  void* first = frame_pool::allocate(100);
  std::memset(first, 1, 100);
  frame_pool::release(first, 100);
  void* second = frame_pool::allocate(128);  // the same class
  EXPECT_EQ(first, second);
  frame_pool::release(second, 128);
  frame_pool::trim();
}

using frame_pool_loop_test = weft::testing::loop_test;

TEST_F(frame_pool_loop_test, spawning_and_awaiting_allocate_nothing_in_steady_state) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "a sanitizer owns operator new";
  auto child = [](int v) -> task<int> { co_return v; };
  auto body = [&child, this]() -> task<int> {
    promise<int> p(l);
    p.set_value(co_await child(1));
    co_await sleep_for(l, 1us);
    co_return co_await p.get_future();
  };
  auto round = [&] {
    int sum = 0;
    for (int i = 0; i < 100; ++i) sum += spawn(l, body()).get();
    return sum;
  };
  round();
  const std::uint64_t before = test::allocations();
  const int sum = round();
  EXPECT_EQ(test::allocations(), before);
  EXPECT_EQ(sum, 100);
}

TEST(frame_pool, takes_large_blocks_from_the_heap) {
  void* large = frame_pool::allocate(100'000);
  std::memset(large, 1, 100'000);
  frame_pool::release(large, 100'000);
}

}  // namespace
