// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/call.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/core/random.hpp>

#include "support/accounts.hpp"
#include "unit/txn/cluster_of_stores.hpp"

namespace weft::testing {
namespace {

using cluster = cluster_of_stores<accounts>;

std::int64_t balance(const std::int64_t& account) { return account; }
std::int64_t credit(std::int64_t& account, std::int64_t amount) { return account += amount; }
void debit(std::int64_t& account, std::int64_t amount) {
  account -= amount;  // thrown away if it throws
  if (account < 0) throw std::domain_error("not enough money");
}
bool open_account(std::optional<std::int64_t>& account, std::int64_t initial) {
  if (account) return false;
  account = initial;
  return true;
}
void close_account(std::optional<std::int64_t>& account) { account.reset(); }
bool exists(const std::optional<std::int64_t>& account) { return account.has_value(); }

int key_on(const cluster& c, int rank, int nth = 0) {
  for (int key = 0;; ++key) {
    if (c.stores.front()->owner(key) == rank && nth-- == 0) return key;
  }
}

template <class Test>
void on_all_shapes(Test&& test) {
  for (auto decision : {txn::decision_rule::explicit_record, txn::decision_rule::implicit}) {
    for (int ranks = 1; ranks <= 3; ++ranks) {
      cluster c(ranks, {{}, decision});
      for (int rank = 0; rank < ranks; ++rank) test(c, c.at(0), key_on(c, rank));
      EXPECT_TRUE(c.settle());
    }
  }
}

task<> runs_at_the_data(accounts& s, int key) {
  auto body = [&](auto& tx) -> task<> {
    const bool was_there = co_await tx.template call<exists>(key);
    EXPECT_FALSE(was_there);
    const bool opened = co_await tx.template call<open_account>(key, 10);
    EXPECT_TRUE(opened);
    const std::int64_t after = co_await tx.template call<credit>(key, 5);
    EXPECT_EQ(after, 15);
    const std::int64_t read = co_await tx.at(key);
    EXPECT_EQ(read, 15) << "what its functions have done is seen by the transaction";
    tx.put(key, 100);
    const std::int64_t more = co_await tx.template call<credit>(key, 1);
    EXPECT_EQ(more, 101) << "its functions see what it has put";
    tx.template call<credit>(key, 1);  // at once, or with the commit
    const std::int64_t seen = co_await tx.at(key);
    EXPECT_EQ(seen, 102) << "a read waits for what comes before it";
    tx.template call<credit>(key, 1);
  };
  co_await s.transact(body);
  std::int64_t end = 0;
  auto look = [&](auto& tx) -> task<> { end = co_await tx.template call<balance>(key); };
  co_await s.transact(look);
  EXPECT_EQ(end, 103);
  auto close = [&](auto& tx) -> task<> {
    tx.template call<close_account>(key);
    co_return;
  };
  co_await s.transact(close);
  auto gone = [&](auto& tx) -> task<> {
    const auto value = co_await tx.get(key);
    EXPECT_FALSE(value);
  };
  co_await s.transact(gone);
}

TEST(call_at_the_data, sees_and_is_seen_by_its_own_transaction) {
  on_all_shapes([](cluster& c, accounts& s, int key) { c.run(0, runs_at_the_data(s, key)); });
}

task<> throws_there(accounts& s, int key) {
  auto open = [&](auto& tx) -> task<> {
    tx.put(key, 10);
    co_return;
  };
  co_await s.transact(open);

  std::string caught;
  auto awaited = [&](auto& tx) -> task<> {
    try {
      co_await tx.template call<debit>(key, 11);
    } catch (const remote_error& e) {
      caught = e.type() + ", " + e.text();
    }
    co_await tx.template call<credit>(key, 1);  // the transaction goes on
  };
  const transaction_result went_on = co_await s.transact(awaited);
  EXPECT_TRUE(went_on);
  EXPECT_EQ(caught, "std::domain_error, not enough money");

  bool passed_on = false;
  auto with_commit = [&](auto& tx) -> task<> {
    tx.template call<credit>(key, 1);
    tx.template call<debit>(key, 100);
    co_return;
  };
  try {
    co_await s.transact(with_commit);
  } catch (const remote_error& e) {
    passed_on = true;
    EXPECT_EQ(e.type(), "std::domain_error");
  }
  EXPECT_TRUE(passed_on);

  bool ran_early = false;
  auto with_another = [&](auto& tx) -> task<> {
    tx.template call<debit>(key, 100);
    co_await tx.template call<credit>(key, 1);
  };
  try {
    co_await s.transact(with_another);
  } catch (const remote_error&) {
    ran_early = true;
  }
  EXPECT_TRUE(ran_early) << "what nobody awaits must not be lost";

  bool missing = false;
  auto nobody = [&](auto& tx) -> task<> {
    const int other = key + 100000;
    tx.template call<credit>(other, 1);
    co_return;
  };
  try {
    co_await s.transact(nobody);
  } catch (const remote_error& e) {
    missing = e.type() == "weft::not_found";
  }
  EXPECT_TRUE(missing);
  std::int64_t end = 0;
  auto look = [&](auto& tx) -> task<> { end = co_await tx.at(key); };
  co_await s.transact(look);
  EXPECT_EQ(end, 11);
}

TEST(call_at_the_data, tells_what_it_throws_and_leaves_nothing) {
  on_all_shapes([](cluster& c, accounts& s, int key) { c.run(0, throws_there(s, key)); });
}

task<> move_by_calls(accounts& s, int from, int to, std::int64_t amount) {
  auto move = [&](auto& tx) -> task<> {
    tx.template call<debit>(from, amount);
    tx.template call<credit>(to, amount);
    co_return;
  };
  co_await s.transact(move);
}

TEST(call_at_the_data, costs_one_message_to_each_partition) {
  for (auto decision : {txn::decision_rule::explicit_record, txn::decision_rule::implicit}) {
    cluster c(3, {{}, decision});
    const int here = key_on(c, 0), there = key_on(c, 1), there_too = key_on(c, 1, 1), far = key_on(c, 2);
    for (auto& s : c.stores) {
      for (int key : {here, there, there_too, far}) s->load(key, 1000);
    }
    const auto cost = [&](int from, int to) {
      const std::uint64_t before = c.messages();
      c.run(0, move_by_calls(c.at(0), from, to, 1));
      c.settle();
      c.cluster.turn(20);
      return c.messages() - before;
    };
    EXPECT_EQ(cost(here, there), 4u);
    EXPECT_EQ(cost(there, there_too), 2u);
    EXPECT_EQ(cost(there, far), 8u);
  }
}

task<> move_many(accounts& s, std::uint64_t seed, int keys, int count, int& refused) {
  random_source random(seed);
  for (int i = 0; i < count; ++i) {
    const int from = static_cast<int>(random.below(static_cast<std::uint64_t>(keys)));
    const int to = (from + 1) % keys;
    try {
      co_await move_by_calls(s, from, to, static_cast<std::int64_t>(random.below(100)));
    } catch (const remote_error&) {
      ++refused;
    }
  }
}

TEST(call_at_the_data, keeps_the_sum_under_every_policy) {
  for (auto policy : {txn::lock_policy::wait_die, txn::lock_policy::no_wait, txn::lock_policy::wound_wait}) {
    for (auto decision : {txn::decision_rule::explicit_record, txn::decision_rule::implicit}) {
      constexpr int keys = 5;
      cluster c(3, {{}, decision, policy});
      for (auto& s : c.stores) {
        for (int key = 0; key < keys; ++key) s->load(key, 100);
      }
      int refused = 0;
      std::vector<future<void>> tasks;
      for (int r = 0; r < 3; ++r) {
        for (int client = 0; client < 3; ++client) {
          const auto seed = static_cast<std::uint64_t>(10 * r + client + 1);
          tasks.push_back(c.cluster.at(r).spawn(move_many(c.at(r), seed, keys, 100, refused)));
        }
        tasks.push_back(c.cluster.at(r).spawn(audit(c.at(r), keys, 100 * keys, 10)));
      }
      ASSERT_TRUE(c.finish(tasks));
      for (auto& t : tasks) t.get();
      EXPECT_TRUE(c.settle());
      EXPECT_GT(refused, 0);
      std::int64_t sum = 0;
      for (auto& s : c.stores) s->for_each_local([&](int, std::int64_t value) {
        sum += value;
        EXPECT_GE(value, 0);
      });
      EXPECT_EQ(sum, 100 * keys);
    }
  }
}

}  // namespace
}  // namespace weft::testing
