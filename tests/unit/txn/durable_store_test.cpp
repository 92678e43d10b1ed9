// SPDX-License-Identifier: BSL-1.0
/// Stores that outlive their job, in the simulator: ranks are killed and the job with them, disks lose what was not
/// forced, and the next life has another number of ranks.
#include <weft/txn/store.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/core/random.hpp>
#include <weft/sim/world.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;
using accounts = store<int, std::int64_t>;
constexpr int account_count = 30;
constexpr std::int64_t initial = 1000;
constexpr int first_ticket = 1000;  ///< keys from here on are written once each, with the sum of the transfer

/// What the clients of all lives have been told.
struct told {
  std::set<int> committed;  ///< tickets
  int next_ticket = first_ticket;
  std::vector<transaction_id> ids;
  std::size_t found_committed = 0;  ///< in doubt at a start
  std::size_t found_aborted = 0;
};

store_options kept(txn::decision_rule decision, store_durability how = store_durability::synced) {
  store_options options;
  options.decision = decision;
  options.kept = how;
  options.directory = "bank";
  return options;
}

task<> client(context& ctx, accounts& s, std::uint64_t seed, int count, told& log) {
  random_source random(seed);
  for (int i = 0; i < count; ++i) {
    const int from = static_cast<int>(random.below(account_count));
    const int to = (from + 1 + static_cast<int>(random.below(account_count - 1))) % account_count;
    const int ticket = log.next_ticket++;
    const auto amount = static_cast<std::int64_t>(random.below(100));
    auto move = [&](auto& tx) -> task<> {
      const std::int64_t a = co_await tx.at(from);
      const std::int64_t b = co_await tx.at(to);
      tx.put(from, a - amount);
      tx.put(to, b + amount);
      tx.put(ticket, amount);
    };
    const transaction_result done = co_await s.transact(move);
    if (!done) ctx.abort(3);
    log.committed.insert(ticket);
    log.ids.push_back(done.id);
  }
}

constexpr int step_counter = -1;

/// Steps 0 to `last`, each by every rank: a step that has committed in this life or an earlier one is not run again, so
/// the counter says how many there are.
task<> run_steps(context& ctx, accounts& s, int last) {
  for (int n = 0; n <= last; ++n) {
    const std::string name = "step-" + std::to_string(n);
    transaction_options options;
    options.name = name;
    auto count = [&](auto& tx) -> task<> {
      const auto before = co_await tx.get(step_counter);
      tx.put(step_counter, before.value_or(0) + 1);
    };
    const transaction_result done = co_await s.transact(count, options);
    EXPECT_TRUE(done);
    EXPECT_EQ(s.outcome_of(done.id).has_value(), true);
  }
  auto all = ctx.world().ibarrier();
  co_await all;
  std::int64_t steps = 0;
  auto read = [&](auto& tx) -> task<> { steps = co_await tx.at(step_counter); };
  co_await s.transact(read);
  EXPECT_EQ(steps, last + 1);
}

struct life_plan {
  txn::decision_rule decision;
  store_durability how = store_durability::synced;
  int count = 20;
  std::uint64_t seed = 1;
  int number = 0;
};

/// Opens the store, checks what is in it against what was told, and goes on transferring.
task<> life(context& ctx, life_plan plan, told& log, bool& is_first) {
  accounts s(ctx, kept(plan.decision, plan.how));
  co_await s.open();
  log.found_committed += s.stats().found_committed;
  log.found_aborted += s.stats().found_aborted;
  if (is_first) {
    for (int a = 0; a < account_count; ++a) s.load(a, initial);
    auto loaded = s.flush();
    co_await loaded;
    auto all = ctx.world().ibarrier();
    co_await all;
    if (ctx.rank() == 0) is_first = false;
  } else {
    std::int64_t sum = 0;
    std::set<int> tickets;
    s.for_each_local([&](int key, std::int64_t value) {
      if (key >= 0 && key < first_ticket) sum += value;
      if (key >= first_ticket) tickets.insert(key);
    });
    auto adding = ctx.world().iallreduce(sum, weft::sum);
    const std::int64_t total = co_await adding;
    EXPECT_EQ(total, account_count * initial) << "seed " << plan.seed;
    for (int ticket : log.committed) {
      if (s.owner(ticket) != ctx.rank()) continue;
      EXPECT_TRUE(tickets.count(ticket) == 1) << "lost: " << ticket << ", seed " << plan.seed;
    }
    for (const transaction_id& id : log.ids)
      EXPECT_EQ(s.outcome_of(id), transaction_outcome::committed) << "seed " << plan.seed;
  }
  auto checked = ctx.world().ibarrier();
  co_await checked;
  co_await run_steps(ctx, s, plan.number);
  std::vector<future<void>> clients;
  for (int c = 0; c < 3; ++c) {
    const auto seed = plan.seed * 1000 + static_cast<std::uint64_t>(ctx.rank() * 10 + c);
    clients.push_back(ctx.spawn(client(ctx, s, seed, plan.count, log)));
  }
  for (auto& each : clients) co_await each;
  auto quiet = ctx.quiescence();
  co_await quiet;
  EXPECT_EQ(s.locked_keys(), 0u);
}

/// Four lives of a bank, most of which end with the death of a rank, and each of which has its own number of ranks.
told lives(std::uint64_t seed, txn::decision_rule decision, store_durability how) {
  sim::world_options options;
  options.disk.loses_power = options.disk.sectors_are_atomic = how == store_durability::synced;
  options.seed = seed;
  options.faults.kills_in_thousand = 900;
  options.faults.within = 20ms;
  sim::world cluster(options);
  told log;
  bool is_first = true;
  random_source random(seed);
  for (int n = 0; n < 4; ++n) {
    const int ranks = 1 + static_cast<int>(random.below(4));
    life_plan plan{decision, how, 20, seed * 10 + static_cast<std::uint64_t>(n), n};
    const auto program = [&](context& ctx) -> task<> { return life(ctx, plan, log, is_first); };
    const sim::outcome end = cluster.run(program, ranks);
    EXPECT_TRUE(end || end.is_crashed) << "seed " << seed << ", life " << n << ": " << end.exit_code << end.report;
  }
  return log;
}

void all_lives(txn::decision_rule decision, store_durability how, std::uint64_t seeds) {
  std::size_t in_doubt = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const told log = lives(seed, decision, how);
    in_doubt += log.found_committed + log.found_aborted;
  }
  EXPECT_GT(in_doubt, 0u) << "no start had anything to decide";
}

TEST(durable_store, what_was_committed_explicitly_is_there_after_crashes_with_any_number_of_ranks) {
  all_lives(txn::decision_rule::explicit_record, store_durability::synced, 8);
}

TEST(durable_store, what_was_committed_implicitly_is_there_after_crashes_with_any_number_of_ranks) {
  all_lives(txn::decision_rule::implicit, store_durability::synced, 8);
}

TEST(durable_store, written_survives_the_death_of_every_process) {
  all_lives(txn::decision_rule::implicit, store_durability::written, 5);
}

}  // namespace
}  // namespace weft
