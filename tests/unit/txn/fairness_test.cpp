// SPDX-License-Identifier: BSL-1.0
// Every rank fights for one key, rank 0 with a hundred times the load of the others: age is kept over retries and raised by
// messages, so nobody is favoured.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include <weft/async/async.hpp>

#include "support/accounts.hpp"
#include "unit/txn/cluster_of_stores.hpp"

namespace weft::testing {
namespace {

struct share {
  std::uint64_t commits = 0;
  std::uint64_t attempts = 0;
};

task<> fight(accounts& s, share& of, std::uint64_t& left) {
  while (left > 0) {
    --left;
    auto body = [&](accounts::transaction_type& tx) -> task<> {
      const std::int64_t value = co_await tx.at(0, txn::lock_mode::exclusive);
      tx.put(0, value + 1);
    };
    const transaction_result done = co_await s.transact(body);
    ++of.commits;
    of.attempts += static_cast<std::uint64_t>(done.attempts);
  }
}

void is_fair(txn::lock_policy policy, std::uint64_t transactions) {
  constexpr int ranks = 4;
  cluster_of_stores<accounts> c(ranks, {{}, txn::decision_rule::implicit, policy});
  for (auto& s : c.stores) s->load(0, 0);
  std::vector<share> shares(ranks);
  std::uint64_t left = transactions;
  std::vector<future<void>> tasks;
  for (int r = 0; r < ranks; ++r) {
    for (int client = 0; client < (r == 0 ? 100 : 1); ++client)
      tasks.push_back(c.cluster.at(r).spawn(fight(c.at(r), shares[static_cast<std::size_t>(r)], left)));
  }
  ASSERT_TRUE(c.finish(tasks));
  for (auto& t : tasks) t.get();
  std::int64_t value = 0;
  for (auto& s : c.stores) s->for_each_local([&](int, std::int64_t v) { value += v; });
  EXPECT_EQ(value, static_cast<std::int64_t>(transactions));
  double mean = 0;
  std::vector<double> ratios;
  for (const share& of : shares) {
    EXPECT_GT(of.commits, 0u);
    ratios.push_back(static_cast<double>(of.commits) / static_cast<double>(of.attempts));
    mean += ratios.back() / ranks;
  }
  for (int r = 0; r < ranks; ++r) {
    EXPECT_GE(ratios[static_cast<std::size_t>(r)], mean / 2) << "rank " << r;
    EXPECT_LE(ratios[static_cast<std::size_t>(r)], mean * 2) << "rank " << r;
  }
}

TEST(fairness, each_rank_commits_about_as_often_as_the_others_when_it_tries) {
#ifdef NDEBUG
  is_fair(txn::lock_policy::wait_die, 100'000);
#else
  is_fair(txn::lock_policy::wait_die, 5'000);
#endif
}

}  // namespace
}  // namespace weft::testing
