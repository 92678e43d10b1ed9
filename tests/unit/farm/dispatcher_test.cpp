// SPDX-License-Identifier: BSL-1.0
#include "farm/dispatcher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace {

using namespace weft::farm;

/// Ranks that are told what to do by the test.
class dispatcher_test : public ::testing::Test {
 protected:
  void begin(std::size_t count, dispatch_rules given) {
    for (std::uint64_t id = 1; id <= count; ++id) tasks.push_back({id, "run"});
    rules = given;
    restart();
  }
  void restart() {
    all = std::make_unique<dispatcher>(tasks, rules);
    all->begin();
  }
  std::vector<dispatcher::lease> hand_out() {
    auto given = all->hand_out(now);
    return given;
  }
  /// Hands out, and has every lease end as `how(lease)` says, until nothing is left to do.
  template <class How>
  void run_all(How&& how, double seconds = 10) {
    for (int rounds = 0; !all->finished() && rounds < 1000; ++rounds) {
      now += seconds;
      const auto leases = hand_out();
      for (const auto& lease : leases) {
        order.push_back(lease.task);
        all->ended(lease.task, lease.rank, how(lease), seconds, now);
      }
      all->settle(now);
    }
  }
  static attempt_end succeed(const dispatcher::lease&) { return attempt_end::succeeded; }

  std::vector<task> tasks;
  dispatch_rules rules;
  std::unique_ptr<dispatcher> all;
  std::vector<std::uint32_t> order;
  double now = 0;
};

TEST_F(dispatcher_test, every_task_once_and_spread) {
  begin(10, {.ranks = 3, .slots = 2});
  const auto first = hand_out();
  ASSERT_EQ(first.size(), 6U);
  std::vector<int> of_rank(3);
  for (const auto& lease : first) ++of_rank[static_cast<std::size_t>(lease.rank)];
  EXPECT_EQ(of_rank, (std::vector<int>{2, 2, 2}));
  for (const auto& lease : first) all->ended(lease.task, lease.rank, attempt_end::succeeded, 10, now);
  run_all(succeed);
  EXPECT_TRUE(all->all_over());
  EXPECT_EQ(order, (std::vector<std::uint32_t>{6, 7, 8, 9}));
}

TEST_F(dispatcher_test, urgent_ones_first) {
  begin(4, {});
  tasks[2].priority = 5;
  tasks[3].priority = -1;
  restart();
  run_all(succeed);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{2, 0, 1, 3}));
}

TEST_F(dispatcher_test, a_failed_task_is_tried_again_elsewhere) {
  begin(1, {.ranks = 3, .retries = 2});
  std::vector<int> ranks;
  const auto fail = [&](const dispatcher::lease& lease) {
    ranks.push_back(lease.rank);
    EXPECT_EQ(lease.attempt, ranks.size());
    return attempt_end::failed;
  };
  run_all(fail);
  ASSERT_EQ(ranks.size(), 3U);
  EXPECT_NE(ranks[0], ranks[1]);
  EXPECT_NE(ranks[1], ranks[2]);
  EXPECT_EQ(all->failed(), 1U);
}

TEST_F(dispatcher_test, a_lost_attempt_counts_for_nothing) {
  begin(1, {});
  int lost = 0;
  const auto lose_some = [&](const dispatcher::lease&) {
    return ++lost < 5 ? attempt_end::lost : attempt_end::succeeded;
  };
  run_all(lose_some);
  EXPECT_EQ(all->state(0), task_state::done);
  EXPECT_EQ(all->starts(0), 5U);
}

TEST_F(dispatcher_test, children_wait_and_are_skipped_or_run) {
  for (const bool runs : {false, true}) {
    tasks.clear();
    order.clear();
    begin(4, {.run_dependents = runs});
    tasks[0].parents = {2};  // forward
    tasks[2].parents = {1};
    tasks[3].parents = {2, 3};
    restart();
    run_all(
        [](const dispatcher::lease& lease) { return lease.task == 1 ? attempt_end::failed : attempt_end::succeeded; });
    EXPECT_TRUE(all->all_over());
    EXPECT_EQ(order, runs ? (std::vector<std::uint32_t>{1, 0, 2, 3}) : (std::vector<std::uint32_t>{1}));
    EXPECT_EQ(all->skipped(), runs ? 0U : 3U);
  }
}

TEST_F(dispatcher_test, what_is_done_is_not_done_again) {
  begin(3, {});
  tasks[2].parents = {1};
  all = std::make_unique<dispatcher>(tasks, rules);
  all->restore(0, 1, 0, task_state::done);
  all->restore(1, 1, 1, task_state::failed);
  all->begin();
  run_all(succeed);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{2}));
  EXPECT_TRUE(all->all_over());
}

TEST_F(dispatcher_test, stops_when_too_many_have_failed) {
  begin(20, {.max_fails = 3});
  run_all([&](const dispatcher::lease&) {
    if (all->failed() == 2) all->stop();
    return attempt_end::failed;
  });
  EXPECT_TRUE(all->failed_too_often());
  EXPECT_EQ(order.size(), 3U);
}

TEST_F(dispatcher_test, short_tasks_are_handed_out_ahead_but_not_at_the_end) {
  begin(1000, {.ranks = 2});
  for (const auto& lease : hand_out()) all->ended(lease.task, lease.rank, attempt_end::succeeded, 0.001, now);
  const auto many = hand_out();
  EXPECT_EQ(many.size(), 2U * (1 + 20));  // 20 ms of work
  for (const auto& lease : many) all->ended(lease.task, lease.rank, attempt_end::succeeded, 0.001, now);
  std::size_t most = 0;
  while (!all->finished()) {
    const auto leases = hand_out();
    if (all->ready() < 8) most = std::max(most, leases.size());
    for (const auto& lease : leases) all->ended(lease.task, lease.rank, attempt_end::succeeded, 0.001, now);
  }
  EXPECT_LE(most, 10U);
}

TEST_F(dispatcher_test, what_waits_behind_a_long_task_is_called_back) {
  begin(102, {.ranks = 2});
  for (const auto& lease : hand_out()) all->ended(lease.task, lease.rank, attempt_end::succeeded, 0.001, now);
  std::vector<dispatcher::lease> of_rank_1;
  for (int rounds = 0; rounds < 200 && (all->ready() > 0 || all->leased() > of_rank_1.size()); ++rounds) {
    for (const auto& lease : hand_out()) {
      if (lease.rank == 1)
        of_rank_1.push_back(lease);
      else
        all->ended(lease.task, 0, attempt_end::succeeded, 0.001, now);
    }
  }
  EXPECT_GT(of_rank_1.size(), 5U);
  EXPECT_EQ(all->hoarder(now), -1);  // it may be about to end
  now += 1;
  EXPECT_EQ(all->hoarder(now), 1);
  EXPECT_EQ(all->hoarder(now), -1);  // it has been asked
  all->ended(of_rank_1.back().task, 1, attempt_end::lost, 0, now);
  const auto again = hand_out();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].rank, 0);
  EXPECT_EQ(again[0].attempt, 1U);
}

TEST_F(dispatcher_test, a_task_of_many_cores_gets_them_in_the_end) {
  begin(40, {.ranks = 2, .slots = 4});
  tasks[5].cores = 4;
  restart();
  int running[2] = {0, 0};
  std::vector<dispatcher::lease> leases;
  for (int step = 0; !all->finished(); ++step) {
    for (const auto& lease : hand_out()) {
      running[lease.rank] += tasks[lease.task].cores;
      ASSERT_LE(running[lease.rank], 4);
      order.push_back(lease.task);
      leases.push_back(lease);
    }
    const auto one = leases.front();  // one ends at a time, so that a rank is never free by itself
    leases.erase(leases.begin());
    running[one.rank] -= tasks[one.task].cores;
    all->ended(one.task, one.rank, attempt_end::succeeded, 10, now);
  }
  EXPECT_TRUE(all->all_over());
  const auto place = std::find(order.begin(), order.end(), 5U) - order.begin();
  EXPECT_LT(place, 25);
}

TEST_F(dispatcher_test, a_sick_rank_is_set_apart_and_its_failures_do_not_count) {
  begin(100, {.ranks = 3});
  run_all([](const dispatcher::lease& lease) { return lease.rank == 2 ? attempt_end::failed : attempt_end::succeeded; },
          0.1);
  EXPECT_TRUE(all->all_over());
  EXPECT_EQ(all->failed(), 0U);
  EXPECT_TRUE(all->health().is_apart(2));
}

/// It would be through with the list before the first task succeeds elsewhere.
TEST_F(dispatcher_test, a_sick_rank_does_not_fail_the_list_while_others_run_long_tasks) {
  begin(100, {.ranks = 3});
  std::vector<dispatcher::lease> running;
  for (int steps = 0; !all->all_over() && steps < 40000; ++steps) {
    now += 0.1;
    for (const auto& lease : hand_out()) {
      if (lease.rank == 1) {
        all->ended(lease.task, 1, attempt_end::failed, 0.01, now);
      } else {
        running.push_back(lease);
      }
    }
    all->settle(now);
    if (steps % 500 != 499) continue;  // 50 s: longer than a rank is set apart without proof
    for (const auto& lease : running) all->ended(lease.task, lease.rank, attempt_end::succeeded, 50, now);
    running.clear();
  }
  EXPECT_TRUE(all->all_over());
  EXPECT_EQ(all->failed(), 0U);
  EXPECT_TRUE(all->health().is_apart(1));
}

TEST_F(dispatcher_test, a_row_of_failures_while_others_are_silent_is_judged_in_the_end) {
  begin(30, {.ranks = 2});
  int failed_at_once = 0;
  for (int steps = 0; !all->all_over() && steps < 1000; ++steps) {
    now += 0.1;
    for (const auto& lease : hand_out()) {
      ++failed_at_once;
      all->ended(lease.task, lease.rank, attempt_end::failed, 0.01, now);
    }
    all->settle(now);
  }
  EXPECT_EQ(all->failed(), 30U);
  EXPECT_EQ(failed_at_once, 30);
}

TEST_F(dispatcher_test, bad_tasks_are_not_a_sick_rank) {
  begin(100, {.ranks = 3});
  run_all([](const dispatcher::lease& lease) { return lease.task < 50 ? attempt_end::failed : attempt_end::succeeded; },
          0.1);
  EXPECT_TRUE(all->all_over());
  EXPECT_EQ(all->failed(), 50U);
  EXPECT_EQ(all->health().apart(), 0);
}

TEST_F(dispatcher_test, where_everything_fails_every_failure_counts_once) {
  begin(30, {.ranks = 4, .retries = 1});
  std::vector<int> attempts(30);
  run_all(
      [&](const dispatcher::lease& lease) {
        ++attempts[lease.task];
        return attempt_end::failed;
      },
      0.01);
  EXPECT_TRUE(all->all_over());
  EXPECT_EQ(all->failed(), 30U);
  EXPECT_EQ(attempts, std::vector<int>(30, 2));
}

}  // namespace
