// SPDX-License-Identifier: BSL-1.0
// What concerns a store as a whole: filling it, its size, snapshots.
#include <weft/txn/store.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <stdexcept>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/core/random.hpp>

#include "support/accounts.hpp"
#include "unit/txn/cluster_of_stores.hpp"

namespace weft::testing {
namespace {

using cluster = cluster_of_stores<accounts>;
constexpr int account_count = 60;

task<> fill(accounts& s, int rank, int ranks, std::size_t& size) {
  std::map<int, std::int64_t> mine;
  for (int key = rank; key < account_count; key += ranks) mine[key] = 100 + key;
  co_await s.load_all(mine);
  auto counting = s.size();
  size = co_await counting;
}

task<> transfer_many(accounts& s, std::uint64_t seed, int count) {
  random_source random(seed);
  for (int i = 0; i < count; ++i) {
    const int from = static_cast<int>(random.below(account_count));
    const int to = (from + 1 + static_cast<int>(random.below(account_count - 1))) % account_count;
    auto move = [&](auto& tx) -> task<> {
      const std::int64_t a = co_await tx.at(from);
      const std::int64_t b = co_await tx.at(to);
      tx.put(from, a - 1);
      tx.put(to, b + 1);
    };
    co_await s.transact(move);
  }
}

task<> audit_whole(accounts& s, int times, std::int64_t& sum) {
  for (int i = 0; i < times; ++i) {
    co_await s.snapshot([&](int, std::int64_t balance) { sum += balance; });
  }
}

TEST(store_as_a_whole, is_filled_from_anywhere_counted_and_read_at_one_moment) {
  for (int ranks = 1; ranks <= 3; ++ranks) {
    cluster c(ranks);
    std::vector<std::size_t> sizes(static_cast<std::size_t>(ranks));
    std::vector<future<void>> tasks;
    for (int r = 0; r < ranks; ++r)
      tasks.push_back(c.cluster.at(r).spawn(fill(c.at(r), r, ranks, sizes[static_cast<std::size_t>(r)])));
    ASSERT_TRUE(c.finish(tasks));
    for (auto& t : tasks) t.get();
    for (std::size_t size : sizes) EXPECT_EQ(size, std::size_t{account_count});
    EXPECT_LT(c.at(0).local_size(), std::size_t{account_count} / static_cast<std::size_t>(ranks) + 30);

    std::int64_t sum = 0;
    tasks.clear();
    for (int r = 0; r < ranks; ++r) {
      for (int client = 0; client < 3; ++client)
        tasks.push_back(c.cluster.at(r).spawn(transfer_many(c.at(r), static_cast<std::uint64_t>(10 * r + client), 50)));
      tasks.push_back(c.cluster.at(r).spawn(audit_whole(c.at(r), 10, sum)));
    }
    ASSERT_TRUE(c.finish(tasks));
    for (auto& t : tasks) t.get();
    EXPECT_EQ(sum, 10 * (100 * account_count + account_count * (account_count - 1) / 2));
    EXPECT_TRUE(c.settle());
  }
}

task<> fails_to_visit(accounts& s, bool& has_passed_on) {
  s.load(1, 1);
  try {
    co_await s.snapshot([](int, std::int64_t) { throw std::runtime_error("enough"); });
  } catch (const std::runtime_error&) {
    has_passed_on = true;
  }
  co_await s.snapshot([](int, std::int64_t) {});
  co_await transfer_many(s, 1, 0);
}

TEST(store_as_a_whole, goes_on_after_a_visit_that_throws) {
  cluster c(1);
  bool has_passed_on = false;
  c.run(0, fails_to_visit(c.at(0), has_passed_on));
  EXPECT_TRUE(has_passed_on);
}

}  // namespace
}  // namespace weft::testing
