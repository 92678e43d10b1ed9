// SPDX-License-Identifier: BSL-1.0
// Ranks that only put: what they put reaches those who wait for it, wherever they are.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "unit/queue/queue_fixture.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::cluster_of_queues;

using far_queues = cluster_of_queues<int, int>;

testing::fake_options nodes_of(int ranks_per_node) {
  testing::fake_options faults;
  faults.ranks_per_node = ranks_per_node;
  return faults;
}

task<> serve(work_queue<int, int>& q, int& served, type_set types = {}) {
  while (auto next = co_await q.get(types)) {
    ++served;
    next->done(**next + 1);
  }
}

/// Submits one after the other, and takes nothing.
task<> ask(work_queue<int, int>& q, int times, put_options how = {}) {
  for (int i = 0; i < times; ++i) {
    const int answer = co_await q.submit(i, how);
    EXPECT_EQ(answer, i + 1);
  }
}

bool run(far_queues& c, std::vector<future<void>>& tasks) {
  const bool ends = c.finish(tasks);
  EXPECT_TRUE(ends) << "nobody gets what was put";
  if (!ends) c.on(0).loop().fail(std::make_exception_ptr(error("it hangs")));
  return ends;
}

/// `server` waits long before `client` puts.
void expect_served(int ranks, int client, int server, int ranks_per_node, put_options how = {}) {
  SCOPED_TRACE(std::to_string(client) + " puts, " + std::to_string(server) + " of " + std::to_string(ranks) + " gets");
  far_queues c(ranks, {}, nodes_of(ranks_per_node));
  int served = 0;
  const future<void> serving = c.on(server).spawn(serve(c.at(server), served));
  c.cluster.turn(200);
  std::vector<future<void>> asking;
  asking.push_back(c.on(client).spawn(ask(c.at(client), 3, how)));
  ASSERT_TRUE(run(c, asking));
  EXPECT_EQ(served, 3);
  c.close_all();
  EXPECT_TRUE(c.drain());
}

TEST(far_consumer, gets_what_a_rank_puts_that_takes_nothing) {
  for (const int ranks : {4, 8}) {
    for (int client = 0; client < ranks; ++client) {
      for (int server = 0; server < ranks; ++server) {
        if (client != server) expect_served(ranks, client, server, 0);
      }
    }
  }
}

TEST(far_consumer, gets_it_across_nodes) {
  for (int client = 0; client < 16; ++client) {
    for (const int server : {0, 5, 15}) {
      if (client != server) expect_served(16, client, server, 4);
    }
  }
}

TEST(far_consumer, gets_what_only_its_node_may_take) {
  for (const int client : {3, 4, 5}) {  // of 13 ranks, three to a node: ranks 3 to 5 are no hypercube
    for (const int server : {3, 4, 5}) {
      if (client != server) expect_served(13, client, server, 3, {.where = placement::node});
    }
  }
}

TEST(far_consumer, of_another_node_leaves_what_it_may_not_take) {
  far_queues c(8, {}, nodes_of(2));
  int near = 0, far = 0;
  const future<void> other = c.on(6).spawn(serve(c.at(6), far));
  c.cluster.turn(200);
  std::vector<future<void>> asking;
  asking.push_back(c.on(0).spawn(ask(c.at(0), 3, {.where = placement::node})));
  c.cluster.turn(200);
  const future<void> late = c.on(1).spawn(serve(c.at(1), near));
  ASSERT_TRUE(run(c, asking));
  EXPECT_EQ(near, 3);
  EXPECT_EQ(far, 0);
  c.close_all();
  EXPECT_TRUE(c.drain());
}

TEST(far_consumer, that_joins_late_gets_what_lies_everywhere) {
  far_queues c(16);
  std::vector<future<void>> asking;
  for (int r = 0; r < 15; ++r) asking.push_back(c.on(r).spawn(ask(c.at(r), 2)));
  c.cluster.turn(200);
  int served = 0;
  const future<void> serving = c.on(15).spawn(serve(c.at(15), served));
  ASSERT_TRUE(run(c, asking));
  EXPECT_EQ(served, 30);
  c.close_all();
  EXPECT_TRUE(c.drain());
}

TEST(far_consumer, that_leaves_passes_on_what_came_for_it) {
  far_queues c(16);
  int first = 0, second = 0;
  std::vector<future<void>> serving;
  serving.push_back(c.on(15).spawn(serve(c.at(15), first)));
  c.cluster.turn(200);
  c.at(15).leave();
  serving.push_back(c.on(6).spawn(serve(c.at(6), second)));
  c.cluster.turn(200);
  std::vector<future<void>> asking;
  for (const int r : {0, 9}) asking.push_back(c.on(r).spawn(ask(c.at(r), 3)));
  ASSERT_TRUE(run(c, asking));
  EXPECT_EQ(first + second, 6);
  c.close_all();
  EXPECT_TRUE(c.finish(serving));
}

TEST(far_consumer, of_one_type_is_found_beside_those_of_another) {
  far_queues c(8);
  int ones = 0, twos = 0;
  std::vector<future<void>> serving;
  for (int r = 1; r < 7; ++r) serving.push_back(c.on(r).spawn(serve(c.at(r), ones, type_set::only(1))));
  serving.push_back(c.on(7).spawn(serve(c.at(7), twos, type_set::only(2))));
  c.cluster.turn(200);
  std::vector<future<void>> asking;
  asking.push_back(c.on(0).spawn(ask(c.at(0), 5, {.type = 2})));
  ASSERT_TRUE(run(c, asking));
  EXPECT_EQ(twos, 5);
  EXPECT_EQ(ones, 0);
  c.close_all();
  EXPECT_TRUE(c.finish(serving));
}

TEST(far_consumer, waits_for_a_second_type_on_the_same_rank) {
  far_queues c(4);
  int ones = 0, twos = 0;
  std::vector<future<void>> serving;
  serving.push_back(c.on(3).spawn(serve(c.at(3), ones, type_set::only(1))));
  c.cluster.turn(200);
  serving.push_back(c.on(3).spawn(serve(c.at(3), twos, type_set::only(2))));
  c.cluster.turn(200);
  std::vector<future<void>> asking;
  asking.push_back(c.on(0).spawn(ask(c.at(0), 2, {.type = 2})));
  ASSERT_TRUE(run(c, asking));
  EXPECT_EQ(twos, 2);
  c.close_all();
  EXPECT_TRUE(c.finish(serving));
}

}  // namespace
}  // namespace weft
