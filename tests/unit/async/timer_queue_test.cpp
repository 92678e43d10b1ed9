// SPDX-License-Identifier: BSL-1.0
#include <weft/async/timer_queue.hpp>

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace {

using namespace weft;

std::vector<int>* fired = nullptr;

struct numbered : timer_node {
  explicit numbered(int n = 0) : number(n) {
    fire = [](timer_node& self) noexcept { fired->push_back(static_cast<numbered&>(self).number); };
  }
  int number;
};

time_point at(int ns) { return time_point{duration{ns}}; }

TEST(timer_queue, equal_deadlines_fire_in_the_order_of_adding) {
  std::vector<int> order;
  fired = &order;
  timer_queue q;
  std::vector<numbered> nodes;
  for (int i = 0; i < 100; ++i) nodes.emplace_back(i);
  for (numbered& n : nodes) q.add(n, at(n.number < 50 ? 7 : 3));
  EXPECT_EQ(q.next(), at(3));
  EXPECT_EQ(q.fire_due(at(6)), 50u);
  EXPECT_EQ(q.fire_due(at(7)), 50u);
  EXPECT_EQ(q.next(), never);
  std::vector<int> expected;
  for (int i = 50; i < 100; ++i) expected.push_back(i);
  for (int i = 0; i < 50; ++i) expected.push_back(i);
  EXPECT_EQ(order, expected);
}

TEST(timer_queue, agrees_with_a_sorted_list_under_random_adds_and_cancels) {
  std::mt19937 random(5);
  std::vector<int> order;
  fired = &order;
  timer_queue q;
  std::vector<numbered> nodes(500);
  std::vector<int> deadline(500, -1);
  for (int i = 0; i < 500; ++i) nodes[static_cast<std::size_t>(i)].number = i;
  for (int step = 0; step < 5000; ++step) {
    const auto i = random() % nodes.size();
    if (nodes[i].queued()) {
      q.cancel(nodes[i]);
      deadline[i] = -1;
    } else {
      deadline[i] = static_cast<int>(random() % 1000000);
      q.add(nodes[i], at(deadline[i]));
    }
  }
  const auto live =
      static_cast<std::size_t>(std::count_if(deadline.begin(), deadline.end(), [](int d) { return d >= 0; }));
  EXPECT_EQ(q.size(), live);
  EXPECT_EQ(q.fire_due(at(1000000)), live);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end(), [&](int a, int b) {
    return deadline[static_cast<std::size_t>(a)] < deadline[static_cast<std::size_t>(b)];
  }));
}

}  // namespace
