// SPDX-License-Identifier: BSL-1.0
// What transactions see is what some order of them would show; the checker proves itself first.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <weft/async/async.hpp>

#include "support/list_clients.hpp"
#include "support/list_history.hpp"
#include "unit/txn/cluster_of_stores.hpp"

namespace weft::testing {
namespace {

using operations = std::vector<list_operation>;
using ending = list_transaction::ending;
list_operation append(int key, std::int64_t value) { return {key, true, value, {}}; }
list_operation read(int key, std::vector<std::int64_t> values) { return {key, false, 0, std::move(values)}; }
/// All at the same time, so that real time orders nothing.
list_transaction done(operations all, ending how = ending::committed) { return {std::move(all), 0, 10, how}; }

std::string name_of(const std::vector<list_transaction>& history) {
  const std::string found = find_anomaly(history);
  return found.substr(0, found.find(':'));
}

TEST(list_history, finds_each_anomaly_by_its_name) {
  EXPECT_EQ(name_of({done({append(1, 1)}), done({append(1, 2)}), done({read(1, {1, 2})}), done({read(1, {1})})}), "");
  EXPECT_EQ(name_of({done({append(1, 1), append(2, 2)}), done({append(1, 3), append(2, 4)}),
                     done({read(1, {1, 3})}), done({read(2, {4, 2})})}),
            "G0");
  EXPECT_EQ(name_of({done({append(1, 1)}, ending::aborted), done({read(1, {1})})}), "G1a");
  EXPECT_EQ(name_of({done({append(1, 1), append(1, 2)}), done({read(1, {1})}), done({read(1, {1, 2})})}), "G1b");
  EXPECT_EQ(name_of({done({append(1, 1), read(2, {2})}), done({append(2, 2), read(1, {1})})}), "G1c");
  EXPECT_EQ(name_of({done({read(1, {}), append(1, 1)}), done({read(1, {}), append(1, 2)}), done({read(1, {1, 2})})}),
            "G-single")
      << "a lost update";
  EXPECT_EQ(name_of({done({append(1, 1), append(2, 2)}), done({read(1, {1}), read(2, {})}), done({read(2, {2})})}),
            "G-single")
      << "a read skew";
  EXPECT_EQ(name_of({done({read(1, {}), append(2, 2)}), done({read(2, {}), append(1, 1)}), done({read(1, {1})}),
                     done({read(2, {2})})}),
            "G2")
      << "a write skew";
  EXPECT_EQ(name_of({done({append(1, 1)}), done({append(2, 2)}), done({read(1, {1}), read(2, {})}),
                     done({read(1, {}), read(2, {2})})}),
            "G2")
      << "a long fork";
}

TEST(list_history, finds_what_no_order_explains) {
  EXPECT_EQ(name_of({done({append(1, 1)}), done({append(1, 2)}), done({read(1, {1, 2})}), done({read(1, {2})})}),
            "incompatible orders");
  EXPECT_EQ(name_of({done({read(1, {7})})}), "unknown value");
  EXPECT_EQ(name_of({done({append(1, 1)}), done({read(1, {1, 1})})}), "duplicate");
  EXPECT_EQ(name_of({done({append(1, 1)}), done({append(1, 1)})}), "duplicate");
  EXPECT_EQ(name_of({done({append(1, 1), read(1, {})})}), "internal");
  EXPECT_EQ(name_of({done({append(1, 1)}), done({append(1, 2), read(1, {2, 1})})}), "internal");
  const std::vector<list_transaction> stale{{{append(1, 1)}, 0, 1, ending::committed},
                                            {{read(1, {})}, 2, 3, ending::committed}};
  EXPECT_EQ(name_of(stale), "real time");
  // Whose answer was lost may have committed, or not.
  EXPECT_EQ(name_of({done({append(1, 1)}, ending::unknown), done({read(1, {1})})}), "");
  EXPECT_EQ(name_of({done({append(1, 1)}, ending::unknown), done({read(1, {})})}), "");
}

std::vector<list_transaction> run_clients(int ranks, store_options options, bool is_isolated, int transactions) {
  cluster_of_stores<list_store> c(ranks, options);
  std::vector<list_transaction> history;
  std::vector<future<void>> tasks;
  std::int64_t ticks = 0;
  for (int i = 0; i < 4 * ranks; ++i) {
    list_client who;
    who.number = i;
    who.transactions = transactions;
    who.is_isolated = is_isolated;
    who.clock = [&ticks] { return ++ticks; };
    tasks.push_back(c.cluster.at(i % ranks).spawn(run_list_client(c.at(i % ranks), who, history)));
  }
  EXPECT_TRUE(c.finish(tasks));
  for (auto& t : tasks) t.get();
  return history;
}

TEST(serialisability, transactions_are_strictly_serialisable_under_every_rule_and_policy) {
  for (auto policy : {txn::lock_policy::wait_die, txn::lock_policy::no_wait, txn::lock_policy::wound_wait}) {
    for (auto decision : {txn::decision_rule::explicit_record, txn::decision_rule::implicit}) {
      for (int ranks : {1, 3}) {
        const auto history = run_clients(ranks, {{}, decision, policy}, true, 40);
        EXPECT_EQ(history.size(), static_cast<std::size_t>(4 * ranks * 40));
        EXPECT_EQ(find_anomaly(history), "");
      }
    }
  }
}

TEST(serialisability, what_is_not_isolated_is_found_out) {
  EXPECT_NE(find_anomaly(run_clients(3, {}, false, 40)), "");
}

TEST(list_history, a_million_transactions_are_checked_within_a_minute) {
#ifdef NDEBUG
  constexpr int count = 1'000'000;
#else
  constexpr int count = 50'000;  // without optimisation and on a busy machine it takes more than a minute
#endif
  constexpr int keys = 10'000;
  std::vector<std::vector<std::int64_t>> lists(keys);
  std::vector<list_transaction> history;
  random_source random(3);
  for (std::int64_t n = 1; n <= count; ++n) {
    const auto a = static_cast<std::size_t>(random.below(keys)), b = static_cast<std::size_t>(random.below(keys));
    if (lists[a].size() < 20) lists[a].push_back(n);
    const bool wrote = !lists[a].empty() && lists[a].back() == n;
    list_transaction t;
    if (wrote) t.operations.push_back(append(static_cast<int>(a), n));
    t.operations.push_back(read(static_cast<int>(b), lists[b]));
    t.start = 2 * n;
    t.end = 2 * n + 20;
    history.push_back(std::move(t));
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(find_anomaly(history), "");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

}  // namespace
}  // namespace weft::testing
