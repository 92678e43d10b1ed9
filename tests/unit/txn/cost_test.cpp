// SPDX-License-Identifier: BSL-1.0
/// What one transaction costs: the table "What it costs" of docs/transactions.md, a row for each case, counted in the
/// simulator, where forcing takes the same time each time.
#include <weft/txn/store.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/sim/world.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;
using accounts = store<int, std::int64_t>;
using txn::decision_rule;

constexpr int ranks = 4;
constexpr auto one_force = 300us;
constexpr int in_a_row = 20;

void refuse(std::int64_t&) { throw std::domain_error("no"); }

/// Rank 0 begins it.
struct cost_case {
  std::string name;
  decision_rule rule;
  std::vector<int> written;  ///< ranks
  std::vector<int> read;
  std::uint64_t messages;  ///< with those of the reads
  std::uint64_t forces;    ///< until the client has its answer
  std::int64_t in_series;
};
std::ostream& operator<<(std::ostream& to, const cost_case& one) { return to << one.name; }

struct work {
  std::uint64_t messages = 0;
  std::uint64_t forces = 0;
  friend work operator-(const work& a, const work& b) { return {a.messages - b.messages, a.forces - b.forces}; }
};

/// All ranks live in one process here, so one of them may look at all.
using all_stores = std::array<const accounts*, ranks>;
work sum_of(const all_stores& stores) {
  work all;
  for (const accounts* s : stores) {
    const txn::store_stats one = s->stats();
    all.messages += one.messages;
    all.forces += one.forces;
  }
  return all;
}

struct counted {
  work at_answer;
  work at_end;
  duration took{0};
  std::uint64_t forces_of_many = 0;  ///< `in_a_row` of them, one after the other
};

int key_on(const accounts& s, int rank) {
  int key = 0;
  while (s.owner(key) != rank) ++key;
  return key;
}

task<> run_case(accounts& s, const cost_case& what) {
  auto body = [&](accounts::transaction_type& tx) -> task<> {
    for (int rank : what.read) co_await tx.get(key_on(s, rank));
    for (int rank : what.written) tx.put(key_on(s, rank), 1);
  };
  const transaction_result done = co_await s.transact(body);
  EXPECT_TRUE(done);
}

/// Until what nobody waits for is durable as well.
constexpr auto all_is_over = 50ms;

task<> count(context& ctx, accounts& s, const cost_case& what, const all_stores& stores, counted& found) {
  co_await sleep_for(all_is_over);
  const work before = sum_of(stores);
  const time_point start = ctx.loop().now();
  co_await run_case(s, what);
  found.took = ctx.loop().now() - start;
  found.at_answer = sum_of(stores) - before;
  co_await sleep_for(all_is_over);
  found.at_end = sum_of(stores) - before;
  const work many = sum_of(stores);
  for (int i = 0; i < in_a_row; ++i) co_await run_case(s, what);
  co_await sleep_for(all_is_over);
  found.forces_of_many = (sum_of(stores) - many).forces;
}

template <class Count>
void run_in_simulator(decision_rule rule, Count count_on_first) {
  sim::world_options options;
  options.disk.sync_least = options.disk.sync_most = one_force;
  options.network.jitter = duration(0);
  sim::world cluster(options);
  all_stores stores{};
  const auto program = [&](context& ctx) -> task<> {
    store_options how;
    how.decision = rule;
    how.kept = store_durability::synced;
    how.directory = "bank";
    accounts s(ctx, how);
    stores[static_cast<std::size_t>(ctx.rank())] = &s;
    co_await s.open();
    for (int rank = 0; rank < ranks; ++rank) s.load(key_on(s, rank), 0);
    auto loaded = s.flush();
    co_await loaded;
    auto all = ctx.world().ibarrier();
    co_await all;
    if (ctx.rank() == 0) co_await count_on_first(ctx, s, stores);
    auto over = ctx.world().ibarrier();
    co_await over;
  };
  const sim::outcome end = cluster.run(program, ranks);
  EXPECT_TRUE(end) << end.report << cluster.error_output(0);
}

class transaction_cost : public ::testing::TestWithParam<cost_case> {};

TEST_P(transaction_cost, is_what_the_table_says) {
  const cost_case& what = GetParam();
  counted found;
  run_in_simulator(what.rule, [&](context& ctx, accounts& s, const all_stores& stores) {
    return count(ctx, s, what, stores, found);
  });
  EXPECT_EQ(found.at_end.messages, what.messages);
  EXPECT_EQ(found.at_answer.forces, what.forces);
  EXPECT_EQ(found.took / one_force, what.in_series) << found.took.count() << " ns";
  // What nobody waits for rides with the next force; only the last transaction's has none to ride with.
  EXPECT_GE(found.forces_of_many, in_a_row * what.forces);
  EXPECT_LE(found.forces_of_many, in_a_row * what.forces + 2 * ranks);
}

constexpr auto with_record = decision_rule::explicit_record;
constexpr auto implicit = decision_rule::implicit;

INSTANTIATE_TEST_SUITE_P(
    rows, transaction_cost,
    ::testing::Values(cost_case{"local_only_explicit", with_record, {0}, {}, 0, 1, 1},
                      cost_case{"local_only_implicit", implicit, {0}, {}, 0, 1, 1},
                      cost_case{"one_remote_explicit", with_record, {1}, {}, 2, 1, 1},
                      cost_case{"one_remote_implicit", implicit, {1}, {}, 2, 1, 1},
                      cost_case{"only_read_explicit", with_record, {}, {1, 2}, 2 * 2 + 2, 0, 0},
                      cost_case{"only_read_implicit", implicit, {}, {1, 2}, 2 * 2 + 2, 0, 0},
                      cost_case{"only_read_here", implicit, {}, {0}, 0, 0, 0},
                      cost_case{"explicit_here_and_there", with_record, {0, 1}, {}, 4, 2, 2},
                      cost_case{"explicit_two_others", with_record, {1, 2}, {}, 4 * 2, 3, 2},
                      cost_case{"explicit_here_and_three", with_record, {0, 1, 2, 3}, {}, 4 * 3, 4, 2},
                      cost_case{"explicit_with_a_reader", with_record, {0, 1}, {2}, 4 + 1 + 2, 2, 2},
                      cost_case{"implicit_here_and_there", implicit, {0, 1}, {}, 4, 2, 1},
                      cost_case{"implicit_two_others", implicit, {1, 2}, {}, 4 * 2, 2, 1},
                      cost_case{"implicit_here_and_three", implicit, {0, 1, 2, 3}, {}, 4 * 3, 4, 1},
                      cost_case{"implicit_with_a_reader", implicit, {0, 1}, {2}, 4 + 1 + 2, 2, 1}),
    [](const auto& row) { return row.param.name; });

/// Two others are asked, one of which refuses: 2n to 3n messages, and at most the promises of those that did not.
task<> count_refused(accounts& s, const all_stores& stores, counted& found) {
  co_await sleep_for(all_is_over);
  const work before = sum_of(stores);
  auto body = [&](accounts::transaction_type& tx) -> task<> {
    tx.put(key_on(s, 1), 1);
    tx.call<refuse>(key_on(s, 2));
    co_return;
  };
  bool is_refused = false;
  try {
    auto running = s.transact(body);
    co_await running;
  } catch (const remote_error&) {
    is_refused = true;
  }
  EXPECT_TRUE(is_refused);
  found.at_answer = sum_of(stores) - before;
  co_await sleep_for(all_is_over);
  found.at_end = sum_of(stores) - before;
}

TEST(transaction_cost, a_refusal_costs_no_more_than_the_table_says) {
  for (decision_rule rule : {with_record, implicit}) {
    counted found;
    run_in_simulator(rule, [&](context&, accounts& s, const all_stores& stores) {
      return count_refused(s, stores, found);
    });
    EXPECT_GE(found.at_end.messages, 2u * 2);
    EXPECT_LE(found.at_end.messages, 3u * 2);
    EXPECT_LE(found.at_answer.forces, 1u);
  }
}

}  // namespace
}  // namespace weft
