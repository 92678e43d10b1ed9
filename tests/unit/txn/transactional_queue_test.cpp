// SPDX-License-Identifier: BSL-1.0
/// Consume, process and publish in one transaction: each item exactly once, whatever dies.
#include <weft/txn/transactional_queue.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/core/random.hpp>
#include <weft/sim/world.hpp>

#include "unit/txn/cluster_of_stores.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;
using accounts = store<int, std::int64_t>;
using items = transactional_queue<std::int64_t>;

task<> publish_all(accounts& s, items& q, std::vector<std::int64_t> values) {
  auto body = [&](accounts::transaction_type& tx) -> task<> {
    for (const std::int64_t value : values) q.publish(tx, value);
    co_return;
  };
  co_await s.transact(body);
}

/// Of one transaction that then ends as it is told.
task<std::optional<std::int64_t>> consume_one(accounts& s, items& q, bool gives_back = false) {
  std::optional<std::int64_t> found;
  auto body = [&](accounts::transaction_type& tx) -> task<> {
    auto taking = q.consume(tx);
    found = co_await taking;
    if (gives_back) tx.abort();
  };
  co_await s.transact(body);
  co_return found;
}

TEST(transactional_queue, items_come_and_go_with_transactions) {
  testing::cluster_of_stores<accounts> c(2);
  items q(c.at(0), "q"), other(c.at(0), "other"), there(c.at(1), "q");
  const auto program = [&]() -> task<> {
    auto publishing = publish_all(c.at(0), q, {1, 2});
    co_await publishing;
    EXPECT_EQ(q.local_size(), 2u);
    EXPECT_EQ(there.local_size(), 0u);
    auto giving_back = consume_one(c.at(0), q, true);
    const auto giving_back_item = co_await giving_back;
    EXPECT_EQ(giving_back_item, 1);
    EXPECT_EQ(q.local_size(), 2u) << "it aborted";
    auto from_other = consume_one(c.at(0), other);
    const auto from_other_item = co_await from_other;
    EXPECT_EQ(from_other_item, std::nullopt);
    auto first = consume_one(c.at(0), q);
    const auto first_item = co_await first;
    EXPECT_EQ(first_item, 1) << "the oldest";
    auto second = consume_one(c.at(0), q);
    const auto second_item = co_await second;
    EXPECT_EQ(second_item, 2);
    auto none = consume_one(c.at(0), q);
    const auto none_item = co_await none;
    EXPECT_EQ(none_item, std::nullopt);
    EXPECT_EQ(c.at(0).local_size() + c.at(1).local_size(), 0u) << "items are no keys";
  };
  c.run(0, program());
}

TEST(transactional_queue, an_item_of_another_rank_is_found_and_one_that_is_held_is_passed_over) {
  testing::cluster_of_stores<accounts> c(3);
  items q0(c.at(0), "q"), q2(c.at(2), "q");
  const auto program = [&]() -> task<> {
    auto publishing = publish_all(c.at(2), q2, {7, 8});
    co_await publishing;
    accounts::transaction_type holder = c.at(2).begin();
    auto holding = q2.consume(holder);
    const auto holding_item = co_await holding;
    EXPECT_EQ(holding_item, 7);
    auto from_afar = consume_one(c.at(0), q0);
    const auto from_afar_item = co_await from_afar;
    EXPECT_EQ(from_afar_item, 8);
    auto none = consume_one(c.at(0), q0);
    const auto none_item = co_await none;
    EXPECT_EQ(none_item, std::nullopt) << "7 is held";
    holder.abort();
    auto given_back = consume_one(c.at(0), q0);
    const auto given_back_item = co_await given_back;
    EXPECT_EQ(given_back_item, 7);
  };
  c.run(0, program());
}

// --- over crashes ----------------------------------------------------------------------------------------------------

constexpr int item_count = 60;

/// What the store holds of each item: it was worked on so often.
struct left_over {
  std::map<int, std::int64_t> works;
  std::size_t queued = 0;
};

/// Moves items from the first queue to the second and from there to their end, where each leaves a mark.
task<> worker(accounts& s, items& raw, items& cooked, int& finished) {
  while (finished < item_count) {
    bool has_any = false, has_finished = false;
    auto body = [&](accounts::transaction_type& tx) -> task<> {
      has_any = has_finished = false;
      auto taking = cooked.consume(tx);
      const std::optional<std::int64_t> done = co_await taking;
      if (done) {
        const int key = static_cast<int>(*done - 1000);
        const auto before = co_await tx.get(key, txn::lock_mode::exclusive);
        tx.put(key, before.value_or(0) + 1);
        has_any = has_finished = true;
        co_return;
      }
      auto taking_raw = raw.consume(tx);
      const std::optional<std::int64_t> next = co_await taking_raw;
      if (!next) co_return;
      cooked.publish(tx, *next + 1000);
      has_any = true;
    };
    co_await s.transact(body);
    finished += has_finished ? 1 : 0;
    if (!has_any) co_await sleep_for(300us);
  }
}

task<> life(context& ctx, txn::decision_rule rule, bool& is_founded, int& finished, bool& is_over) {
  store_options how;
  how.kept = store_durability::synced;
  how.directory = "bank";
  how.segment_bytes = 20'000;
  how.decision = rule;
  how.compact_bytes = 3000;
  accounts s(ctx, how);
  items raw(s, "raw"), cooked(s, "cooked");
  co_await s.open();
  if (!is_founded && ctx.rank() == 0) {
    std::vector<std::int64_t> all;
    for (std::int64_t n = 0; n < item_count; ++n) all.push_back(n);
    auto publishing = publish_all(s, raw, all);
    co_await publishing;
    is_founded = true;
  }
  auto founded = ctx.world().ibarrier();
  co_await founded;
  // Here, unlike in the clients' memory, is what has been done for certain.
  std::int64_t mine = 0;
  s.for_each_local([&mine](int, std::int64_t times) {
    EXPECT_EQ(times, 1) << "an item was worked on twice";
    mine += times;
  });
  auto adding = ctx.world().iallreduce(mine, weft::sum);
  finished = static_cast<int>(co_await adding);
  auto all_know = ctx.world().ibarrier();
  co_await all_know;
  std::vector<future<void>> workers;
  for (int w = 0; w < 2; ++w) workers.push_back(ctx.spawn(worker(s, raw, cooked, finished)));
  for (auto& each : workers) co_await each;
  auto quiet = ctx.quiescence();
  co_await quiet;
  EXPECT_EQ(raw.local_size() + cooked.local_size(), 0u);
  EXPECT_EQ(s.locked_keys(), 0u);
  s.for_each_local([](int, std::int64_t times) { EXPECT_EQ(times, 1); });
  is_over = true;
}

TEST(transactional_queue, each_item_is_worked_on_once_over_crashes_with_any_number_of_ranks) {
  for (const txn::decision_rule rule : {txn::decision_rule::explicit_record, txn::decision_rule::implicit}) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      sim::world_options options;
      options.seed = seed;
      options.disk.loses_power = options.disk.sectors_are_atomic = true;
      options.faults.kills_in_thousand = 900;
      options.faults.within = 20ms;
      sim::world cluster(options);
      bool is_founded = false, is_over = false;
      int finished = 0;
      random_source random(seed);
      for (int n = 0; n < 40 && !is_over; ++n) {
        const auto program = [&](context& ctx) { return life(ctx, rule, is_founded, finished, is_over); };
        const sim::outcome end = cluster.run(program, 1 + static_cast<int>(random.below(4)));
        EXPECT_TRUE(end || end.is_crashed) << "seed " << seed << ": " << end.report << cluster.error_output(0);
        if (!end) is_over = false;
      }
      EXPECT_TRUE(is_over) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace weft
