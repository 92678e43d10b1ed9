// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/transaction.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <weft/async/async.hpp>

#include "support/accounts.hpp"
#include "unit/txn/cluster_of_stores.hpp"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;
using cluster = cluster_of_stores<accounts>;
using transaction = accounts::transaction_type;

std::int64_t add(std::int64_t& account, std::int64_t amount) { return account += amount; }
std::int64_t look(const std::int64_t& account) { return account; }

task<std::optional<std::int64_t>> value_of(accounts& s, int key) {
  std::optional<std::int64_t> value;
  auto read = [&](transaction& tx) -> task<> { value = co_await tx.get(key); };
  co_await s.transact(read);
  co_return value;
}

static_assert(!std::is_copy_constructible_v<transaction> && std::is_nothrow_move_constructible_v<transaction>);
static_assert(!std::is_copy_assignable_v<transaction> && std::is_nothrow_move_assignable_v<transaction>);

task<> goes_back(accounts& s) {
  auto body = [&](transaction& tx) -> task<> {
    tx.put(1, 10);
    const auto first = tx.save();
    tx.put(1, 20);
    tx.put(2, 20);
    const auto second = tx.save();
    tx.erase(1);
    tx.template call<add>(2, 5);  // moves the write of key 2 into the call
    tx.put(3, 30);
    tx.rollback_to(second);
    std::optional<std::int64_t> one = co_await tx.get(1);
    std::optional<std::int64_t> two = co_await tx.get(2);
    std::optional<std::int64_t> three = co_await tx.get(3);
    EXPECT_EQ(one, 20);
    EXPECT_EQ(two, 20);
    EXPECT_FALSE(three);
    tx.rollback_to(first);
    two = co_await tx.get(2);
    EXPECT_FALSE(two);
    tx.put(4, 40);
  };
  co_await s.transact(body);
  for (auto [key, expected] : {std::pair{1, 10}, {2, 0}, {3, 0}, {4, 40}}) {
    auto reading = value_of(s, key);
    const std::optional<std::int64_t> value = co_await reading;
    EXPECT_EQ(value.value_or(0), expected) << key;
  }
}

task<> cannot_go_back(accounts& s) {
  auto body = [&](transaction& tx) -> task<> {
    tx.put(1, 10);
    const auto point = tx.save();
    co_await tx.call<add>(1, 5);
    EXPECT_THROW(tx.rollback_to(point), usage_error);
  };
  co_await s.transact(body);
}

TEST(transactions, go_back_to_savepoints) {
  for (int ranks = 1; ranks <= 3; ++ranks) {
    cluster c(ranks);
    c.run(0, goes_back(c.at(0)));
    c.run(0, cannot_go_back(c.at(0)));
    EXPECT_TRUE(c.settle());
  }
}

task<> reads_only(accounts& s) {
  auto write = [&](transaction& tx) -> task<> {
    tx.put(1, 10);
    co_return;
  };
  co_await s.transact(write);
  auto body = [&](transaction& tx) -> task<> {
    const std::int64_t value = co_await tx.call<look>(1);
    EXPECT_EQ(value, 10);
    EXPECT_THROW(tx.put(1, 2), usage_error);
    EXPECT_THROW(tx.erase(1), usage_error);
    EXPECT_THROW(tx.call<add>(1, 2), usage_error);
  };
  const transaction_result done = co_await s.transact(body, {.read_only = true});
  EXPECT_TRUE(done);
}

TEST(transactions, that_are_begun_to_read_do_not_write) {
  cluster c(2);
  c.run(0, reads_only(c.at(0)));
}

/// Holds a lock until it is told to end.
task<> holds(accounts& s, int key, async_event& end) {
  auto tx = s.begin();
  co_await tx.get(key, txn::lock_mode::exclusive);
  auto told = end.wait();
  co_await told;
}

task<> gives_up(context& ctx, accounts& s, int key, async_event& other_may_end) {
  co_await sleep_for(ctx, 1us);
  auto body = [&](transaction& tx) -> task<> {
    co_await tx.get(key, txn::lock_mode::exclusive);
    tx.put(key, 1);
  };
  const time_point start = ctx.loop().now();
  bool was_late = false;
  try {
    co_await s.transact(body, {.within = 5ms});
  } catch (const timed_out&) {
    was_late = true;
  }
  EXPECT_TRUE(was_late);
  EXPECT_GE(ctx.loop().now() - start, 5ms);
  EXPECT_LT(ctx.loop().now() - start, 7ms);
  other_may_end.set();
  const transaction_result done = co_await s.transact(body, {.within = 5ms});
  EXPECT_TRUE(done);
}

TEST(transactions, give_up_at_their_deadline) {
  for (auto policy : {txn::lock_policy::wait_die, txn::lock_policy::no_wait, txn::lock_policy::timeout}) {
    cluster c(2, {{}, txn::decision_rule::implicit, policy});
    async_event end(c.cluster.at(0));
    std::vector<future<void>> tasks;
    tasks.push_back(c.cluster.at(0).spawn(holds(c.at(0), 1, end)));
    tasks.push_back(c.cluster.at(0).spawn(gives_up(c.cluster.at(0), c.at(0), 1, end)));
    ASSERT_TRUE(c.finish(tasks));
    for (auto& t : tasks) t.get();
    EXPECT_TRUE(c.settle());
  }
}

task<> commits_by_hand(accounts& s) {
  std::optional<transaction> kept;
  {
    transaction tx = s.begin();
    tx.put(7, 1);
    kept.emplace(std::move(tx));  // what is left of it aborts nothing
  }
  const transaction_outcome outcome = co_await kept->commit();
  EXPECT_EQ(outcome, transaction_outcome::committed);
  EXPECT_TRUE(kept->has_ended());
  EXPECT_THROW(kept->put(7, 2), usage_error);
  EXPECT_EQ(s.outcome_of(kept->id()), transaction_outcome::committed);
  {
    transaction lost = s.begin();
    lost.put(7, 3);
  }
  transaction aborted = s.begin();
  aborted.put(7, 4);
  aborted.abort();
  EXPECT_EQ(s.outcome_of(aborted.id()), transaction_outcome::aborted);
  auto reading = value_of(s, 7);
  const std::optional<std::int64_t> value = co_await reading;
  EXPECT_EQ(value, 1);
}

TEST(transactions, end_by_hand_or_abort_when_they_are_destroyed) {
  cluster c(2);
  for (int r = 0; r < 2; ++r) c.run(r, commits_by_hand(c.at(r)));
  EXPECT_TRUE(c.settle());
}

}  // namespace
}  // namespace weft::testing
