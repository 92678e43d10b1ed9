// SPDX-License-Identifier: BSL-1.0
#include <weft/async/ready_queue.hpp>

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace {

using weft::ready_queue;

std::coroutine_handle<> handle(int& place) { return std::coroutine_handle<>::from_address(&place); }

TEST(ready_queue, keeps_order_and_places_while_it_grows) {
  ready_queue q;
  std::vector<int> numbers(1000);
  std::vector<std::size_t> places;
  for (int i = 0; i < 40; ++i) q.push(handle(numbers[static_cast<std::size_t>(i)]), nullptr);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(q.pop().coroutine, handle(numbers[static_cast<std::size_t>(i)]));
  for (int& n : numbers) places.push_back(q.push(handle(n), nullptr));
  for (std::size_t i = 0; i < numbers.size(); i += 2) EXPECT_TRUE(q.remove_at(places[i], handle(numbers[i])));
  EXPECT_FALSE(q.remove_at(places[0], handle(numbers[0])));
  EXPECT_TRUE(q.remove(handle(numbers[1])));
  EXPECT_FALSE(q.remove(handle(numbers[1])));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto expected = i % 2 == 0 || i == 1 ? std::coroutine_handle<>() : handle(numbers[i]);
    EXPECT_EQ(q.pop().coroutine, expected);
  }
  EXPECT_TRUE(q.empty());
  EXPECT_FALSE(q.remove_at(places[5], handle(numbers[5])));
}

}  // namespace
