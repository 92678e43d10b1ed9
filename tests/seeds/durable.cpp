// SPDX-License-Identifier: BSL-1.0
// Durable queues through many lives on one cluster: jobs that lose a rank at any moment, power cuts that lose and tear
// what was not forced, syncs that fail, ranks that outlive their job beside the next one, other numbers of ranks. Every
// acknowledged item comes to its end, nothing that any life acknowledged, or whose result any rank has seen, comes
// again, attempts count up, items come to the ranks that they are for and not before they are due, and the journals can
// always be read.
#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <weft/queue/durable_queue.hpp>
#include <weft/weft.hpp>

#include "bounds.hpp"
#include "lives.hpp"
#include "suite.hpp"

namespace weft::seeds {
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
    if (const auto at = answered_.find(value); at != answered_.end() && at->second < life)
      wrong(value, "was answered in life " + std::to_string(at->second) + ", and taken in " + std::to_string(life));
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
  /// Its result has come to the producer.
  void answered(int life, int value) {
    answered_.emplace(value, life);
    if (takes_[value].rbegin()->first > life) wrong(value, "was answered by a job that was over");
  }
  /// After a life that drained the queue.
  void expect_all_done() {
    for (const int value : acknowledged_) {
      if (done_.count(value) == 0) wrong(value, "is lost");
    }
  }
  const std::string& verdict() const { return wrong_; }
  bool has_acknowledged() const { return !acknowledged_.empty(); }
  void wrong(int value, const std::string& what) {
    if (wrong_.empty()) wrong_ = "item " + std::to_string(value) + " " + what;
  }

 private:
  int last_value_ = 0;
  std::set<int> acknowledged_;
  std::set<int> done_;
  std::map<int, std::map<int, unsigned>> takes_;  ///< by value: the attempt in each life
  std::map<int, int> finished_;                   ///< by value: the life
  std::map<int, int> answered_;                   ///< by value: the life
  std::string wrong_;
};

constexpr int nobody = -1;

struct life_plan {
  int number = 0;
  int ranks = 1;
  int ranks_per_node = 1;
  std::uint64_t seed = 0;
  int puts = 0;  ///< of each rank
  durable_options how;
  bool had_acknowledged = false;  ///< a life before had
};

/// Wider than an int, with a text that follows from it, so that items have many lengths.
struct numbered {
  int value = 0;
  int bound_to = nobody;     ///< the rank that it is for
  bool is_for_node = false;  ///< or for the others of its node as well
  wall_time not_before{};
  std::string text;
};

using numbered_queue = durable_queue<numbered, std::int64_t>;

std::int64_t result_of(int value) { return std::int64_t{value} * 3; }

class producer {
 public:
  producer(context& ctx, numbered_queue& q, const life_plan& plan, witness_book& book, std::uint64_t seed)
      : ctx_(ctx), q_(q), plan_(plan), book_(book), random_(seed) {}

  task<> run() {
    for (int left = plan_.puts; left > 0;) {
      std::vector<numbered> some(std::min<std::size_t>(static_cast<std::size_t>(left), 1 + random_.below(12)));
      for (numbered& each : some) {
        each.value = book_.next_value();
        each.text.assign(random_.below(300), 'x');
      }
      left -= static_cast<int>(some.size());
      if (random_.below(2) == 0) {
        co_await q_.put(some.begin(), some.end());
        for (const numbered& each : some) book_.put_acknowledged(each.value);
      } else {
        for (numbered& each : some) co_await put_with_options(std::move(each));
      }
      if (random_.below(3) == 0) co_await sleep_for(std::chrono::microseconds(random_.below(400)));
      if (random_.below(4) == 0) co_await look_at_results();
    }
    co_await look_at_results();
  }

 private:
  put_options draw_options(numbered& one) {
    put_options how;
    how.priority = static_cast<int>(random_.below(3)) - 1;
    if (random_.below(2) == 0) {
      one.bound_to = static_cast<int>(random_.below(static_cast<std::uint64_t>(plan_.ranks)));
      one.is_for_node = random_.below(3) == 0;
      how.rank = one.bound_to;
      how.where = one.is_for_node ? placement::node : placement::rank;
    }
    if (random_.below(3) == 0) {
      how.delay = duration(static_cast<std::int64_t>(random_.below(random_.below(2) == 0 ? 300'000 : 30'000'000)));
      one.not_before = ctx_.host().wall_now() + how.delay;
    }
    return how;
  }
  task<> put_with_options(numbered one) {
    const put_options how = draw_options(one);
    const int value = one.value;
    if (random_.below(2) == 0) {
      co_await q_.put(one, how);
    } else {
      auto result = q_.submit(one, how);
      co_await q_.flush();
      if (random_.below(5) != 0) results_.emplace_back(value, std::move(result));
    }
    book_.put_acknowledged(value);
  }
  task<> look_at_results() {
    for (auto& [value, result] : std::exchange(results_, {})) {
      const std::int64_t come = co_await result;
      if (come != result_of(value)) book_.wrong(value, "has a wrong result");
      book_.answered(plan_.number, value);
    }
  }

  context& ctx_;
  numbered_queue& q_;
  const life_plan& plan_;
  witness_book& book_;
  random_source random_;
  std::vector<std::pair<int, future<std::int64_t>>> results_;
};

void judge(context& ctx, const numbered& one, const life_plan& plan, witness_book& book) {
  if (ctx.host().wall_now() < one.not_before) book.wrong(one.value, "was taken before it was due");
  if (one.bound_to == nobody) return;
  const int rank = one.bound_to % plan.ranks;
  const int step = one.is_for_node ? plan.ranks_per_node : 1;
  if (ctx.rank() / step != rank / step)
    book.wrong(one.value, "is for rank " + std::to_string(rank) + ", and was taken by " + std::to_string(ctx.rank()));
}

task<> consume(context& ctx, numbered_queue& q, const life_plan& plan, witness_book& book, std::uint64_t seed) {
  random_source random(seed);
  std::vector<int> done;
  while (auto next = co_await q.get()) {
    const int value = (*next)->value;
    book.taken(plan.number, value, next->attempt());
    judge(ctx, **next, plan, book);
    if (random.below(4) == 0) co_await sleep_for(std::chrono::microseconds(random.below(300)));
    if (random.below(10) == 0) {
      next->give_back();
      continue;
    }
    book.done(value);
    next->done(result_of(value));
    done.push_back(value);
    if (random.below(6) != 0) continue;
    co_await q.flush();
    for (const int each : std::exchange(done, {})) book.finished(plan.number, each);
  }
  for (const int each : done) book.finished(plan.number, each);  // drained: all is acknowledged
}

task<> live(context& ctx, const life_plan& plan, witness_book& book) {
  numbered_queue q(ctx, "jobs/queue", plan.how);
  co_await q.open();
  if (q.is_new() && plan.had_acknowledged) book.wrong(0, "was put before, and the queue says that it is new");
  const std::uint64_t seed = plan.seed * 1000 + static_cast<std::uint64_t>(ctx.rank());
  auto first = ctx.spawn(consume(ctx, q, plan, book, seed + 100));
  auto second = ctx.spawn(consume(ctx, q, plan, book, seed + 200));
  producer puts(ctx, q, plan, book, seed);
  co_await puts.run();
  q.close();
  co_await std::move(first);
  co_await std::move(second);
}

std::string run(std::uint64_t seed, tally& counts) {
  constexpr int lives_that_put = 4;
  constexpr int most_lives = 60;
  random_source random(seed);
  sim::world_options options = draw_world(seed);
  const lives_plan all_lives = draw_lives(random, options);
  sim::world cluster(options);
  witness_book book;
  std::deque<life_plan> plans;  // survivors of a life still look at theirs
  for (int life = 1; life <= most_lives; ++life) {
    life_plan& plan = plans.emplace_back();
    plan.number = life;
    plan.seed = random();
    plan.puts = life <= lives_that_put ? bounded_steps(20 + static_cast<int>(random.below(130))) : 0;
    plan.had_acknowledged = book.has_acknowledged();
    plan.how.kept = all_lives.is_only_written ? durability::written : durability::synced;
    plan.how.window = 1 + random.below(40);
    plan.how.compact_bytes = 2000 + random.below(20'000);
    plan.how.segment_bytes = 8192 + random.below(20'000);
    plan.how.patience = random.below(2) == 0 ? 0ms : 5000ms;  // with survivors that hold the lock
    const int ranks = plan.ranks = bounded_ranks(1 + static_cast<int>(random.below(6)));
    plan.ranks_per_node = options.network.ranks_per_node;
    const sim::outcome end = cluster.run([&](context& ctx) { return live(ctx, plan, book); }, ranks);
    counts.messages = cluster.counts().messages;
    if (!book.verdict().empty()) return book.verdict() + " (seen in life " + std::to_string(life) + ")";
    if (end.stopped_by > sim::stop_reason::life_over) return end.report;
    if (end.is_crashed) {
      ++counts.crashes;
      counts.crash_points.push_back(end.interface_events * 64 + static_cast<std::uint64_t>(end.crashed_rank));
    }
    if (end && !cluster.error_output(0).empty() &&
        cluster.error_output(0).find("no whole records") == std::string::npos)
      return cluster.error_output(0);
    if (std::string text = complaint(cluster, ranks, all_lives); !text.empty()) return text;
    if (end && life > lives_that_put) {
      book.expect_all_done();
      return book.verdict();
    }
  }
  return "no life came to its end";
}

}  // namespace

const suite durable_suite{"durable", run};

}  // namespace weft::seeds
