// SPDX-License-Identifier: BSL-1.0
/// Participants of a program's own, in the simulator: what they do is done exactly where the store's writes are, over crashes
/// and other numbers of ranks.
#include <weft/txn/works.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/core/random.hpp>
#include <weft/sim/world.hpp>
#include <weft/txn/store.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;
using lists = store<std::string, std::vector<std::int64_t>>;

/// What participants have done, in no simulated memory: a device, say.
struct device {
  std::map<std::string, std::vector<std::int64_t>> done;  ///< by key, in order, each number once
  std::set<std::int64_t> ready;                           ///< prepared and not ended
  std::uint64_t checkpoints = 0;
  std::uint64_t recovered = 0;
  std::uint64_t again = 0;  ///< commits of what was done already
};

class driver final : public participant {
 public:
  explicit driver(device& of) : of_(of) {}
  std::string_view name() const override { return "driver"; }
  task<participant_vote> prepare(transaction_id, std::string key, std::string work) override {
    if (key == "broken") throw std::domain_error("it is broken");
    co_await sleep_for(50us);
    participant_vote vote;
    vote.is_yes = work != "0";
    if (vote.is_yes) of_.ready.insert(std::stoll(work));
    vote.redo = std::move(work);
    co_return vote;
  }
  void commit(const transaction_id&, std::string_view key, std::string_view redo) override {
    const std::int64_t number = std::stoll(std::string(redo));
    auto& done = of_.done[std::string(key)];
    of_.ready.erase(number);
    if (std::find(done.begin(), done.end(), number) != done.end()) {
      ++of_.again;
    } else {
      done.push_back(number);
    }
  }
  void abort(const transaction_id&, std::string_view, std::string_view redo) override {
    of_.ready.erase(std::stoll(std::string(redo)));
  }
  void recover(const transaction_id&, std::string_view, std::string_view) override { ++of_.recovered; }
  task<> checkpoint() override {
    ++of_.checkpoints;
    co_await sleep_for(100us);
  }

 private:
  device& of_;
};

/// Appends a number to the list of a key, and has the driver do the same.
task<bool> append(lists& s, const participant& with, std::string key, std::int64_t number) {
  auto body = [&](lists::transaction_type& tx) -> task<> {
    const auto before = co_await tx.get(key, txn::lock_mode::exclusive);
    std::vector<std::int64_t> now = before.value_or(std::vector<std::int64_t>());
    now.push_back(number);
    tx.put(key, now);
    tx.enlist(with, key, std::to_string(number));
  };
  auto running = s.transact(body);
  const transaction_result done = co_await running;
  co_return static_cast<bool>(done);
}

TEST(participants, do_their_work_with_the_commit_or_not_at_all) {
  sim::world cluster;
  device seen;
  const auto program = [&](context& ctx) -> task<> {
    driver with(seen);
    lists s(ctx);
    s.enlist(with);
    EXPECT_THROW(s.enlist(with), usage_error) << "its name is taken";
    auto all = ctx.world().ibarrier();
    co_await all;
    if (ctx.rank() == 0) {
      for (int n = 1; n <= 6; ++n) {
        const std::string key = "k" + std::to_string(n % 2);
        auto running = append(s, with, key, n);
        const bool is_done = co_await running;
        EXPECT_TRUE(is_done);
      }
      bool has_thrown = false;
      try {
        auto running = append(s, with, "broken", 7);
        co_await running;
      } catch (const remote_error& e) {
        has_thrown = e.text().find("it is broken") != std::string::npos;
      }
      EXPECT_TRUE(has_thrown);
      has_thrown = false;
      try {
        auto running = append(s, with, "k1", 0);
        co_await running;
      } catch (const remote_error&) {
        has_thrown = true;
      }
      EXPECT_TRUE(has_thrown) << "a no";
    }
    auto quiet = ctx.quiescence();
    co_await quiet;
    EXPECT_EQ(s.locked_keys(), 0u);
    s.for_each_local([&](const std::string& key, const std::vector<std::int64_t>& list) { EXPECT_EQ(list, seen.done[key]); });
    EXPECT_TRUE(s.local_size() <= 2) << "works are no keys";
  };
  EXPECT_TRUE(cluster.run(program, 3));
  EXPECT_EQ(seen.done["k1"], (std::vector<std::int64_t>{1, 3, 5}));
  EXPECT_EQ(seen.done["k0"], (std::vector<std::int64_t>{2, 4, 6}));
  EXPECT_EQ(seen.done.count("broken"), 0u);
  EXPECT_TRUE(seen.ready.empty());
}

struct lives_state {
  device seen;
  std::int64_t last = 0;
  std::set<std::int64_t> acknowledged;
};

task<> client(lists& s, const participant& with, std::uint64_t seed, lives_state& state) {
  random_source random(seed);
  for (int i = 0; i < 15; ++i) {
    const std::int64_t number = ++state.last;
    const std::string key = "k" + std::to_string(random.below(4));
    auto running = append(s, with, key, number);
    const bool is_done = co_await running;
    if (is_done) state.acknowledged.insert(number);
  }
}

task<> life(context& ctx, txn::decision_rule rule, std::uint64_t seed, lives_state& state) {
  driver with(state.seen);
  store_options how;
  how.kept = store_durability::synced;
  how.directory = "bank";
  how.segment_bytes = 20'000;
  how.decision = rule;
  how.compact_bytes = 2000;
  lists s(ctx, how);
  s.enlist(with);
  co_await s.open();
  auto all_open = ctx.world().ibarrier();
  co_await all_open;
  // What the restart found has been done, in the order of the store.
  std::set<std::int64_t> there;
  s.for_each_local([&](const std::string& key, const std::vector<std::int64_t>& list) {
    EXPECT_EQ(list, state.seen.done[key]) << "seed " << seed << ", key " << key;
    there.insert(list.begin(), list.end());
  });
  for (const std::int64_t number : state.seen.ready) EXPECT_EQ(there.count(number), 0u);
  auto all_have_looked = ctx.world().ibarrier();
  co_await all_have_looked;
  std::vector<future<void>> clients;
  for (int c = 0; c < 3; ++c)
    clients.push_back(ctx.spawn(client(s, with, seed * 100 + static_cast<std::uint64_t>(ctx.rank() * 10 + c), state)));
  for (auto& each : clients) co_await each;
  auto quiet = ctx.quiescence();
  co_await quiet;
}

TEST(participants, do_what_was_committed_after_a_crash_in_order_and_nothing_else) {
  std::uint64_t recovered = 0, again = 0, checkpoints = 0;
  for (const txn::decision_rule rule : {txn::decision_rule::explicit_record, txn::decision_rule::implicit}) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      sim::world_options options;
      options.seed = seed;
      options.disk.loses_power = options.disk.sectors_are_atomic = true;
      options.faults.kills_in_thousand = 850;
      options.faults.within = 25ms;
      sim::world cluster(options);
      lives_state state;
      random_source random(seed);
      for (int n = 0; n < 5; ++n) {
        state.seen.ready.clear();  // memory of the job before
        const auto program = [&](context& ctx) { return life(ctx, rule, seed * 10 + static_cast<std::uint64_t>(n), state); };
        const sim::outcome end = cluster.run(program, 1 + static_cast<int>(random.below(4)));
        EXPECT_TRUE(end || end.is_crashed) << "seed " << seed << ": " << end.report;
      }
      recovered += state.seen.recovered;
      again += state.seen.again;
      checkpoints += state.seen.checkpoints;
    }
  }
  EXPECT_GT(recovered, 0u);
  EXPECT_GT(again, 0u) << "no commit came again";
  EXPECT_GT(checkpoints, 100u) << "more than one for each start: no journal was compacted";
}

TEST(participants, are_missed_by_a_restart_that_has_work_for_them) {
  sim::world_options options;
  options.faults.planned.push_back({sim::fault_kind::kill_rank, 0, 30ms});
  sim::world cluster(options);
  device seen;
  const auto first = [&](context& ctx) -> task<> {
    driver with(seen);
    store_options how;
    how.kept = store_durability::written;
    how.directory = "bank";
    lists s(ctx, how);
    s.enlist(with);
    co_await s.open();
    for (std::int64_t n = 1;; ++n) {
      auto running = append(s, with, "k", n);
      co_await running;
    }
  };
  EXPECT_TRUE(cluster.run(first, 1).is_crashed);
  const auto without = [&](context& ctx) -> task<> {
    store_options how;
    how.kept = store_durability::written;
    how.directory = "bank";
    lists s(ctx, how);
    co_await s.open();
  };
  const sim::outcome end = cluster.run(without, 1);
  EXPECT_FALSE(end);
  EXPECT_NE(cluster.error_output(0).find("participant 'driver'"), std::string::npos) << cluster.error_output(0);
}

}  // namespace
}  // namespace weft
