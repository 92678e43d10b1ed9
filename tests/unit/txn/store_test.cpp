// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/store.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/core/random.hpp>

#include "support/accounts.hpp"
#include "unit/txn/cluster_of_stores.hpp"

namespace weft::testing {
namespace {

using testing::accounts;
using testing::cluster_of_stores;
using strings = store<std::string, std::string>;

task<> write_and_read(strings& s) {
  const std::string a = "a", b = "b";
  auto write = [&](auto& tx) -> task<> {
    tx.put(a, "one");
    tx.put(b, "two");
    const auto seen = co_await tx.get(a);
    EXPECT_EQ(seen, "one") << "its own write";
    co_return;
  };
  const transaction_result wrote = co_await s.transact(write);
  EXPECT_TRUE(wrote);
  EXPECT_EQ(s.outcome_of(wrote.id), transaction_outcome::committed);
  auto erase = [&](auto& tx) -> task<> {
    const std::string there = co_await tx.at(a);
    EXPECT_EQ(there, "one");
    tx.erase(a);
    const auto gone = co_await tx.get(a);
    EXPECT_FALSE(gone);
  };
  co_await s.transact(erase);
  auto read = [&](auto& tx) -> task<> {
    const std::vector<std::string> both{a, b};
    const auto values = co_await tx.get_many(both);
    EXPECT_FALSE(values[0]);
    EXPECT_EQ(values[1], "two");
  };
  co_await s.transact(read);
}

TEST(store, writes_and_reads_on_any_number_of_ranks) {
  for (auto decision : {txn::decision_rule::explicit_record, txn::decision_rule::implicit}) {
    for (int ranks = 1; ranks <= 4; ++ranks) {
      cluster_of_stores<strings> c(ranks, {{}, decision});
      for (int r = 0; r < ranks; ++r) c.run(r, write_and_read(c.at(r)));
      EXPECT_TRUE(c.settle());
    }
  }
}

task<> gives_up(strings& s) {
  const std::string a = "a";
  auto fails = [&](auto& tx) -> task<> {
    tx.put(a, "never");
    co_await yield();
    throw std::runtime_error("no");
  };
  bool passed_on = false;
  try {
    co_await s.transact(fails);
  } catch (const std::runtime_error&) {
    passed_on = true;
  }
  EXPECT_TRUE(passed_on);
  auto aborts = [&](auto& tx) -> task<> {
    tx.put(a, "never");
    tx.abort();
    co_return;
  };
  const transaction_result aborted = co_await s.transact(aborts);
  EXPECT_FALSE(aborted);
  EXPECT_EQ(s.outcome_of(aborted.id), transaction_outcome::aborted);
  {
    auto dropped = s.begin();
    co_await dropped.get(a, txn::lock_mode::exclusive);
    dropped.put(a, "never");
  }
  auto reads = [&](auto& tx) -> task<> {
    const auto value = co_await tx.get(a);
    EXPECT_FALSE(value);
    bool threw = false;
    try {
      co_await tx.at(a);
    } catch (const not_found&) {
      threw = true;
    }
    EXPECT_TRUE(threw);
  };
  co_await s.transact(reads);
}

TEST(store, what_is_aborted_thrown_out_of_or_dropped_leaves_nothing) {
  cluster_of_stores<strings> c(3);
  for (int r = 0; r < 3; ++r) c.run(r, gives_up(c.at(r)));
  EXPECT_TRUE(c.settle());
}

task<> look(strings::transaction_type& tx) {
  const std::string a = "a";
  co_await tx.get(a);
}

TEST(store, an_older_writer_waits_for_a_younger_reader) {
  cluster_of_stores<strings> c(2);
  auto older = c.at(0).begin();
  older.put("a", "x");
  auto younger = c.at(0).begin();
  c.run(0, look(younger));
  future<transaction_outcome> ending = older.commit();
  EXPECT_FALSE(c.cluster.drive([&] { return ending.ready(); })) << "the reader is still there";
  EXPECT_THROW(older.put("b", "y"), usage_error);
  younger.abort();
  ASSERT_TRUE(c.cluster.drive([&] { return ending.ready(); }));
  EXPECT_EQ(ending.get(), transaction_outcome::committed);
}

TEST(store, a_younger_writer_dies) {
  cluster_of_stores<strings> c(2);
  auto older = c.at(0).begin();
  c.run(0, look(older));
  auto younger = c.at(0).begin();
  younger.put("a", "x");
  future<transaction_outcome> ending = younger.commit();
  ASSERT_TRUE(c.cluster.drive([&] { return ending.ready(); }));
  EXPECT_EQ(ending.get(), transaction_outcome::aborted);
}

/// A key that this rank of `c` keeps.
std::string key_on(cluster_of_stores<strings>& c, int rank) {
  for (int i = 0;; ++i) {
    std::string key = "key " + std::to_string(i);
    if (c.at(0).owner(key) == rank) return key;
  }
}

task<> write_all(strings& s, const std::vector<std::string>& keys) {
  auto write = [&](auto& tx) -> task<> {
    for (const std::string& key : keys) tx.put(key, "x");
    co_return;
  };
  co_await s.transact(write);
}

task<> read_all(strings& s, const std::vector<std::string>& keys) {
  auto read = [&](auto& tx) -> task<> { co_await tx.get_many(keys); };
  co_await s.transact(read);
}

/// docs/transactions.md, "What it costs": n other ranks that were written to, r that were only read.
TEST(store, messages_are_as_many_as_the_table_says) {
  for (auto decision : {txn::decision_rule::explicit_record, txn::decision_rule::implicit}) {
    cluster_of_stores<strings> c(3, {{}, decision});
    const std::string here = key_on(c, 0), there = key_on(c, 1), far = key_on(c, 2);
    const auto cost = [&](task<> body) {
      std::uint64_t before = 0, after = 0;
      for (auto& s : c.stores) before += s->stats().messages;
      c.run(0, std::move(body));
      c.settle();
      c.cluster.turn(20);
      for (auto& s : c.stores) after += s->stats().messages;
      return after - before;
    };
    const std::vector<std::string> local{here}, remote{there}, both{here, there}, two{there, far},
        all{here, there, far};
    EXPECT_EQ(cost(write_all(c.at(0), local)), 0u);
    EXPECT_EQ(cost(read_all(c.at(0), local)), 0u);
    EXPECT_EQ(cost(write_all(c.at(0), remote)), 2u);
    EXPECT_EQ(cost(write_all(c.at(0), both)), 4u);
    EXPECT_EQ(cost(write_all(c.at(0), two)), 8u);
    EXPECT_EQ(cost(write_all(c.at(0), all)), 8u);
    EXPECT_EQ(cost(read_all(c.at(0), remote)), 3u);
    EXPECT_EQ(cost(read_all(c.at(0), two)), 6u);
  }
}

constexpr int account_count = 40;
constexpr std::int64_t initial = 1000;

task<> transfer_many(context& ctx, accounts& s, std::uint64_t seed, int count, int most) {
  random_source random(seed);
  for (int i = 0; i < count; ++i) {
    const int from = static_cast<int>(random.below(static_cast<std::uint64_t>(most)));
    const int to = static_cast<int>(random.below(static_cast<std::uint64_t>(most)));
    const auto amount = static_cast<std::int64_t>(random.below(100));
    if (from == to) continue;
    auto move = [&](auto& tx) -> task<> {
      const std::int64_t a = co_await tx.at(from);
      const std::int64_t b = co_await tx.at(to);
      tx.put(from, a - amount);
      tx.put(to, b + amount);
    };
    const transaction_result done = co_await s.transact(move);
    EXPECT_TRUE(done);
    if (random.below(8) == 0) co_await sleep_for(ctx, std::chrono::microseconds(1));
  }
}

std::int64_t sum_of(cluster_of_stores<accounts>& c) {
  std::int64_t sum = 0;
  for (auto& s : c.stores) s->for_each_local([&](int, std::int64_t balance) { sum += balance; });
  return sum;
}

void transfers_keep_the_sum(int ranks, store_options options, int keys, int count = 100) {
  cluster_of_stores<accounts> c(ranks, options);
  for (auto& s : c.stores) {
    for (int a = 0; a < account_count; ++a) s->load(a, initial);
  }
  std::vector<future<void>> tasks;
  for (int r = 0; r < ranks; ++r) {
    for (int client = 0; client < 4; ++client) {
      const auto seed = static_cast<std::uint64_t>(r * 100 + client + 1);
      tasks.push_back(c.cluster.at(r).spawn(transfer_many(c.cluster.at(r), c.at(r), seed, count, keys)));
    }
    tasks.push_back(c.cluster.at(r).spawn(testing::audit(c.at(r), account_count, account_count * initial, 10)));
  }
  ASSERT_TRUE(c.finish(tasks));
  for (auto& t : tasks) t.get();
  EXPECT_TRUE(c.settle());
  EXPECT_EQ(sum_of(c), account_count * initial);
}

TEST(store, transfers_keep_the_sum_under_both_rules) {
  for (auto decision : {txn::decision_rule::explicit_record, txn::decision_rule::implicit}) {
    for (int ranks = 1; ranks <= 4; ++ranks) transfers_keep_the_sum(ranks, {{}, decision}, account_count);
  }
}

TEST(store, transfers_between_three_accounts_keep_the_sum_under_every_policy) {
  for (auto policy : {txn::lock_policy::wait_die, txn::lock_policy::no_wait, txn::lock_policy::wound_wait}) {
    for (auto decision : {txn::decision_rule::explicit_record, txn::decision_rule::implicit})
      for (int ranks = 2; ranks <= 3; ++ranks) transfers_keep_the_sum(ranks, {{}, decision, policy}, 3);
  }
}

TEST(store, who_waits_for_a_lock_too_long_gives_up) {
  for (int ranks = 1; ranks <= 3; ++ranks)
    transfers_keep_the_sum(ranks, {{}, txn::decision_rule::implicit, txn::lock_policy::timeout}, 20, 10);
}

}  // namespace
}  // namespace weft::testing
