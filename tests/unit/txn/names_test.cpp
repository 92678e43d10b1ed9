// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/txn/partition.hpp>
#include <weft/txn/store.hpp>

#include "support/accounts.hpp"
#include "unit/txn/cluster_of_stores.hpp"

namespace weft::testing {
namespace {

TEST(names, are_no_keys_of_users) {
  EXPECT_EQ(txn::kind_of(txn::encoded(std::int32_t{-1}), 4), txn::key_kind::user) << "all bits set";
  EXPECT_EQ(txn::kind_of(txn::encoded(std::string("\xff\xff")), 0), txn::key_kind::user);
  for (std::size_t key_bytes : {0u, 1u, 2u, 3u, 4u, 8u}) {
    std::vector<std::string> keys;
    for (const char* name : {"", "a", "aa", "aaaa", "aaaaaa"}) {
      keys.push_back(txn::key_of_name(name, key_bytes));
      EXPECT_EQ(txn::kind_of(keys.back(), key_bytes), txn::key_kind::name) << name << ", " << key_bytes;
    }
    keys.push_back(txn::key_of_name(std::string(1, '\0') + "a", key_bytes));
    std::sort(keys.begin(), keys.end());
    EXPECT_EQ(std::adjacent_find(keys.begin(), keys.end()), keys.end()) << key_bytes;
  }
}

task<> step(accounts& s, const char* name, transaction_result& result, int& runs) {
  auto body = [&](auto& tx) -> task<> {
    ++runs;
    const auto value = co_await tx.get(1);
    tx.put(1, value.value_or(0) + 1);
  };
  transaction_options options;
  options.name = name;
  result = co_await s.transact(body, options);
}

task<> expect_value(accounts& s, std::int64_t expected) {
  auto body = [&](auto& tx) -> task<> {
    const auto value = co_await tx.get(1);
    EXPECT_EQ(value, expected);
  };
  co_await s.transact(body);
}

TEST(names, that_have_committed_are_not_run_again) {
  for (int ranks = 1; ranks <= 3; ++ranks) {
    cluster_of_stores<accounts> c(ranks);
    transaction_result first, again, other;
    int runs = 0;
    c.run(0, step(c.at(0), "step-1", first, runs));
    c.run(ranks - 1, step(c.at(ranks - 1), "step-1", again, runs));
    EXPECT_EQ(runs, 1);
    EXPECT_TRUE(again);
    EXPECT_EQ(again.id, first.id);
    EXPECT_EQ(again.when, first.when);
    EXPECT_EQ(first.attempts, 1);
    EXPECT_EQ(again.attempts, 0);
    c.run(0, step(c.at(0), "step-2", other, runs));
    EXPECT_EQ(runs, 2);
    EXPECT_GT(other.when, first.when);
    c.run(0, expect_value(c.at(0), 2));
    std::size_t keys = 0;
    for (auto& s : c.stores) keys += s->local_size();
    EXPECT_EQ(keys, 1u) << "names are not counted";
    EXPECT_TRUE(c.settle());
  }
}

TEST(names, that_come_from_all_ranks_at_once_commit_once) {
  cluster_of_stores<accounts> c(3);
  std::vector<transaction_result> results(9);
  int runs = 0;
  std::vector<future<void>> tasks;
  for (int r = 0; r < 3; ++r) {
    for (int n = 0; n < 3; ++n) {
      transaction_result& result = results[static_cast<std::size_t>(3 * r + n)];
      tasks.push_back(c.cluster.at(r).spawn(step(c.at(r), "once", result, runs)));
    }
  }
  ASSERT_TRUE(c.finish(tasks));
  for (auto& t : tasks) t.get();
  for (const auto& result : results) EXPECT_EQ(result.id, results[0].id);
  c.run(0, expect_value(c.at(0), 1));
}

task<> forget(accounts& s, transaction_moment when, std::size_t& count) { count += co_await s.forget_before(when); }

TEST(names, are_kept_until_they_are_forgotten) {
  cluster_of_stores<accounts> c(3);
  transaction_result first, second, again;
  int runs = 0;
  c.run(0, step(c.at(0), "step-1", first, runs));
  c.run(1, step(c.at(1), "step-2", second, runs));
  EXPECT_GT(second.when, first.when);
  std::size_t count = 0;
  for (int r = 0; r < 3; ++r) c.run(r, forget(c.at(r), second.when, count));
  EXPECT_EQ(count, 1u);
  c.run(2, step(c.at(2), "step-2", again, runs));
  EXPECT_EQ(runs, 2);
  c.run(2, step(c.at(2), "step-1", again, runs));
  EXPECT_EQ(runs, 3);
  for (int r = 0; r < 3; ++r) c.run(r, forget(c.at(r), c.at(2).now(), count));
  EXPECT_EQ(count, 3u);
}

}  // namespace
}  // namespace weft::testing
