// SPDX-License-Identifier: BSL-1.0
// Durable queues through seeded lives on a simulated cluster: jobs that lose a rank at a random moment, power cuts,
// survivors that go on beside the next job, other numbers of ranks.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/core/random.hpp>
#include <weft/queue/durable_queue.hpp>
#include <weft/sim/world.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;

/// What the ranks of all lives saw: the judge of what a durable queue may do. It is no part of the simulated world.
class witness_book {
 public:
  int next_value() { return ++last_value_; }
  void put_acknowledged(int value) { acknowledged_.insert(value); }
  /// In life number `life`.
  void taken(int life, int value, unsigned attempt) {
    if (const auto at = finished_.find(value); at != finished_.end() && at->second < life)
      wrong(value, "was acknowledged in life " + std::to_string(at->second) + ", and taken in " + std::to_string(life));
    for (const auto& [other, before] : takes_[value]) {
      const bool is_right = other < life ? before < attempt : other == life || attempt < before;
      if (!is_right)
        wrong(value, "is attempt " + std::to_string(attempt) + " in life " + std::to_string(life) + ", and was " +
                         std::to_string(before) + " in " + std::to_string(other));
    }
    unsigned& mine = takes_[value][life];
    mine = std::max(mine, attempt);
  }
  /// Its holder let it go; whether that has come to be durable only `finished` tells.
  void done(int value) { done_.insert(value); }
  /// Its acknowledgement is known to be durable.
  void finished(int life, int value) {
    const auto [at, is_new] = finished_.emplace(value, life);
    if (!is_new) return wrong(value, "was acknowledged twice");
    if (takes_[value].rbegin()->first > life) wrong(value, "was acknowledged by a job that was over");
  }
  /// After a life that drained the queue.
  void expect_all_done() {
    for (const int value : acknowledged_) {
      if (done_.count(value) == 0) wrong(value, "is lost");
    }
  }
  const std::string& verdict() const { return wrong_; }
  std::size_t acknowledged() const { return acknowledged_.size(); }
  std::size_t taken_again() const {
    return static_cast<std::size_t>(
        std::count_if(takes_.begin(), takes_.end(), [](const auto& each) { return each.second.size() > 1; }));
  }

 private:
  void wrong(int value, const std::string& what) {
    if (wrong_.empty()) wrong_ = "item " + std::to_string(value) + " " + what;
  }
  int last_value_ = 0;
  std::set<int> acknowledged_;
  std::set<int> done_;
  std::map<int, std::map<int, unsigned>> takes_;  ///< by value: the attempt in each life
  std::map<int, int> finished_;                   ///< by value: the life
  std::string wrong_;
};

struct life_plan {
  int number = 0;
  std::uint64_t seed = 0;
  int puts = 0;  ///< of each rank
  durable_options how;
};

/// Wider than an int, with a text that follows from it, so that items have many lengths.
struct numbered {
  int value = 0;
  std::string text;
};

task<> produce(durable_queue<numbered>& q, const life_plan& plan, witness_book& book, std::uint64_t seed) {
  random_source random(seed);
  for (int left = plan.puts; left > 0;) {
    std::vector<numbered> some(std::min<std::size_t>(static_cast<std::size_t>(left), 1 + random.below(12)));
    for (numbered& each : some) {
      each.value = book.next_value();
      each.text.assign(random.below(300), 'x');
    }
    left -= static_cast<int>(some.size());
    co_await q.put(some.begin(), some.end());
    for (const numbered& each : some) book.put_acknowledged(each.value);
    if (random.below(3) == 0) co_await sleep_for(std::chrono::microseconds(random.below(400)));
  }
}

task<> consume(durable_queue<numbered>& q, const life_plan& plan, witness_book& book, std::uint64_t seed) {
  random_source random(seed);
  std::vector<int> done;
  while (auto next = co_await q.get()) {
    const int value = (*next)->value;
    book.taken(plan.number, value, next->attempt());
    if (random.below(4) == 0) co_await sleep_for(std::chrono::microseconds(random.below(300)));
    if (random.below(10) == 0) {
      next->give_back();
      continue;
    }
    book.done(value);
    next->done();
    done.push_back(value);
    if (random.below(6) != 0) continue;
    co_await q.flush();
    for (const int each : std::exchange(done, {})) book.finished(plan.number, each);
  }
  for (const int each : done) book.finished(plan.number, each);  // drained: all is acknowledged
}

task<> live(context& ctx, const life_plan& plan, witness_book& book) {
  durable_queue<numbered> q(ctx, "jobs/queue", plan.how);
  co_await q.open();
  const std::uint64_t seed = plan.seed * 1000 + static_cast<std::uint64_t>(ctx.rank());
  auto first = ctx.spawn(consume(q, plan, book, seed + 100));
  auto second = ctx.spawn(consume(q, plan, book, seed + 200));
  co_await produce(q, plan, book, seed);
  q.close();
  co_await std::move(first);
  co_await std::move(second);
}

struct lives_options {
  durability kept = durability::synced;
  bool loses_power = false;
  duration zombies{0};
};

class durable_lives : public ::testing::TestWithParam<lives_options> {};

TEST_P(durable_lives, lose_nothing_and_acknowledge_nothing_twice) {
  constexpr int most_lives = 40;
  int crashes = 0;
  std::size_t acknowledged = 0;
  std::size_t again = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    sim::world_options options;
    options.seed = seed;
    options.network.ranks_per_node = 3;
    options.disk.loses_power = GetParam().loses_power;
    options.disk.sectors_are_atomic = true;
    options.faults.kills_in_thousand = 750;
    options.faults.pauses = 1;
    options.faults.delays = 1;
    options.faults.within = 40ms;
    options.faults.zombies = GetParam().zombies;
    sim::world cluster(options);
    random_source random(seed);
    witness_book book;
    std::deque<life_plan> plans;  // survivors of a life still look at theirs
    bool has_ended = false;
    for (int life = 1; !has_ended && life <= most_lives; ++life) {
      life_plan& plan = plans.emplace_back();
      plan.number = life;
      plan.seed = random();
      plan.puts = life <= 4 ? static_cast<int>(random.below(60)) : 0;
      plan.how.kept = GetParam().kept;
      plan.how.window = 1 + random.below(40);
      plan.how.compact_bytes = 2000 + random.below(20'000);
      plan.how.segment_bytes = 8192 + random.below(20'000);
      plan.how.patience = random.below(2) == 0 ? 0ms : 5000ms;  // with survivors that hold the lock
      const int ranks = 1 + static_cast<int>(random.below(6));
      const sim::outcome end = cluster.run([&](context& ctx) { return live(ctx, plan, book); }, ranks);
      ASSERT_EQ(book.verdict(), "") << "life " << life;
      ASSERT_LE(end.stopped_by, sim::stop_reason::life_over) << end.report;
      // A survivor that was still about to start may take the folder over from the next life: that one is fenced off.
      const bool may_be_fenced = GetParam().zombies > 0ms;
      ASSERT_TRUE(end.is_crashed || end.exit_code == 0 || may_be_fenced) << "life " << life;
      crashes += end.is_crashed ? 1 : 0;
      has_ended = end && life > 4;
    }
    ASSERT_TRUE(has_ended);
    book.expect_all_done();
    ASSERT_EQ(book.verdict(), "");
    acknowledged += book.acknowledged();
    again += book.taken_again();
  }
  EXPECT_GT(crashes, 50);
  EXPECT_GT(acknowledged, 4000u);
  EXPECT_GT(again, 30u);
}

INSTANTIATE_TEST_SUITE_P(faults, durable_lives,
                         ::testing::Values(lives_options{}, lives_options{durability::synced, true, 0ms},
                                           lives_options{durability::synced, false, 30ms},
                                           lives_options{durability::written, false, 30ms}),
                         [](const auto& each) {
                           const lives_options& o = each.param;
                           return std::string(o.kept == durability::synced ? "synced" : "written") +
                                  (o.loses_power ? "_power_cut" : "") + (o.zombies > 0ms ? "_survivors" : "");
                         });

}  // namespace
}  // namespace weft
