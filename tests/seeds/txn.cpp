// SPDX-License-Identifier: BSL-1.0
// Durable stores through many lives on one cluster: jobs that lose a rank at any moment, the start's own included, power
// cuts that lose and tear what was not forced, syncs that fail, ranks that outlive their job beside the next one, other
// numbers of ranks. Transfers keep the sum, a ring stays one ring, lists are appended to and read in a way that some order
// explains, every acknowledged commit is there, none that was given up is, names run once, and no lock is left.
// The ports of a store do not tolerate loss (a rank that dies takes the job along, so nothing is ever repeated): the
// hostile mode would not touch them.
#include <algorithm>
#include <deque>
#include <numeric>
#include <vector>

#include <weft/txn/store.hpp>
#include <weft/weft.hpp>

#include "bounds.hpp"
#include "lives.hpp"
#include "store_book.hpp"
#include "suite.hpp"

namespace weft::seeds {
namespace {

using namespace std::chrono_literals;
using numbers = std::vector<std::int64_t>;
using tested_store = store<int, numbers>;
using transaction_type = tested_store::transaction_type;
using layout = store_layout;

struct life_plan {
  int number = 0;
  std::uint64_t seed = 0;
  int clients = 0;  ///< of each rank
  int transactions = 0;
  store_options how;
};

// --- transactions ----------------------------------------------------------------------------------------------------

void add_to(numbers& balance, std::int64_t amount) { balance.front() += amount; }
void append_to(std::optional<numbers>& list, std::int64_t value) {
  if (!list) list.emplace();
  list->push_back(value);
}

enum class kind : std::uint8_t { transfer, transfer_by_calls, turn_ring, lists, audit };

struct list_step {
  int key = 0;
  enum class what : std::uint8_t { read, append_at_the_data, append } how = what::read;
  std::int64_t value = 0;
};

/// What one transaction is to do; the same in each attempt.
struct transaction_plan {
  kind what = kind::transfer;
  int from = 0, to = 0, link = 0;
  std::int64_t amount = 0;
  std::vector<list_step> lists;
  bool is_given_up = false;  ///< by the body, when all is written
  duration within{0};
};

transaction_plan draw_transaction(random_source& random, store_book& book) {
  transaction_plan plan;
  plan.what = static_cast<kind>(random.below(5));
  plan.from = static_cast<int>(random.below(layout::accounts));
  plan.to = (plan.from + 1 + static_cast<int>(random.below(layout::accounts - 1))) % layout::accounts;
  plan.link = static_cast<int>(random.below(layout::links));
  plan.amount = static_cast<std::int64_t>(random.below(100));
  if (plan.what == kind::lists) {
    for (std::uint64_t left = 1 + random.below(4); left > 0; --left) {
      list_step& step = plan.lists.emplace_back();
      step.key = layout::first_list + static_cast<int>(random.below(layout::lists));
      step.how = static_cast<list_step::what>(random.below(3));
      step.value = step.how == list_step::what::read ? 0 : book.next_value();
    }
  }
  plan.is_given_up = random.below(12) == 0;
  if (random.below(4) == 0) plan.within = duration(20'000 + static_cast<std::int64_t>(random.below(4'000'000)));
  return plan;
}

bool is_read_only(const transaction_plan& plan) {
  const auto reads = [](const list_step& s) { return s.how == list_step::what::read; };
  return plan.what == kind::audit || (plan.what == kind::lists && std::all_of(plan.lists.begin(), plan.lists.end(), reads));
}

task<> transfer(transaction_type& tx, const transaction_plan& plan) {
  numbers a = co_await tx.at(plan.from);
  numbers b = co_await tx.at(plan.to);
  a.front() -= plan.amount;
  b.front() += plan.amount;
  tx.put(plan.from, a);
  tx.put(plan.to, b);
}

/// r -> r2 -> r3 -> r4 becomes r -> r3 -> r2 -> r4 (FoundationDB's workload Cycle).
task<> turn_ring(transaction_type& tx, int link) {
  const numbers second = co_await tx.at(layout::first_link + link);
  const int second_key = layout::first_link + static_cast<int>(second.front());
  const numbers third = co_await tx.at(second_key);
  const int third_key = layout::first_link + static_cast<int>(third.front());
  const numbers fourth = co_await tx.at(third_key);
  tx.put(layout::first_link + link, third);
  tx.put(second_key, fourth);
  tx.put(third_key, second);
}

task<> step_lists(transaction_type& tx, const std::vector<list_step>& steps, testing::list_transaction& seen) {
  for (const list_step& step : steps) {
    testing::list_operation done{step.key, step.how != list_step::what::read, step.value, {}};
    if (step.how == list_step::what::append_at_the_data) {
      tx.call<append_to>(step.key, step.value);
    } else {
      std::optional<numbers> list = co_await tx.get(step.key);
      numbers now = list ? std::move(*list) : numbers();
      if (step.how == list_step::what::append) {
        now.push_back(step.value);
        tx.put(step.key, now);
      } else {
        done.read = std::move(now);
      }
    }
    seen.operations.push_back(std::move(done));
  }
}

task<> audit(transaction_type& tx, std::int64_t& sum) {
  std::vector<int> keys(layout::accounts);
  std::iota(keys.begin(), keys.end(), 0);
  const auto all = co_await tx.get_many(keys);
  sum = 0;
  for (const auto& balance : all) sum += balance ? balance->front() : 0;
}

void leave_ticket(transaction_type& tx, const noted_transaction& note) {
  if (note.ticket == 0) return;
  const transaction_id id = tx.id();
  tx.put(note.ticket, numbers{id.epoch, id.coordinator, static_cast<std::int64_t>(id.sequence)});
}

task<> run_body(transaction_type& tx, const transaction_plan& plan, noted_transaction& note, std::int64_t& sum) {
  note.ids.push_back(tx.id());
  note.seen.operations.clear();
  leave_ticket(tx, note);
  switch (plan.what) {
    case kind::transfer:
      co_await transfer(tx, plan);
      break;
    case kind::transfer_by_calls:
      tx.call<add_to>(plan.from, -plan.amount);
      tx.call<add_to>(plan.to, plan.amount);
      break;
    case kind::turn_ring:
      co_await turn_ring(tx, plan.link);
      break;
    case kind::lists:
      co_await step_lists(tx, plan.lists, note.seen);
      break;
    case kind::audit:
      co_await audit(tx, sum);
  }
  if (plan.is_given_up) tx.abort();
}

task<> run_transaction(tested_store& s, int life, random_source& random, store_book& book) {
  const transaction_plan plan = draw_transaction(random, book);
  noted_transaction& note = book.begin(life, is_read_only(plan));
  std::int64_t sum = layout::accounts * layout::initial;
  auto body = [&](transaction_type& tx) { return run_body(tx, plan, note, sum); };
  transaction_options options;
  options.within = plan.within;
  transaction_result result;
  bool is_late = false;
  try {
    task<transaction_result> running = s.transact(body, options);
    result = co_await running;
  } catch (const timed_out&) {
    is_late = true;
  }
  if (is_late || !result) {
    book.aborted(note);
    co_return;
  }
  if (plan.is_given_up) book.wrong("a transaction that gave up has committed");
  book.committed(note, result.id);
  book.expect_sum(sum);
}

/// Ends its commit by hand: a conflict is told, not mended.
task<> run_once_by_hand(tested_store& s, int life, random_source& random, store_book& book) {
  const transaction_plan plan = draw_transaction(random, book);
  noted_transaction& note = book.begin(life, is_read_only(plan));
  std::int64_t sum = layout::accounts * layout::initial;
  transaction_type tx = s.begin();
  bool has_met_another = false;
  try {
    task<> running = run_body(tx, plan, note, sum);
    co_await running;
  } catch (const transaction_conflict&) {
    has_met_another = true;
  }
  auto outcome = transaction_outcome::aborted;
  if (!has_met_another && !tx.has_ended()) {
    future<transaction_outcome> ending = tx.commit();
    outcome = co_await ending;
  }
  if (outcome == transaction_outcome::committed) {
    book.committed(note, note.ids.back());
    book.expect_sum(sum);
  } else {
    book.aborted(note);
  }
}

/// Appends to one list, whoever runs that name first.
task<> run_named(tested_store& s, int life, random_source& random, store_book& book) {
  const int name = static_cast<int>(random.below(40));
  const std::string text = "step-" + std::to_string(name);
  noted_transaction& note = book.begin(life, false);
  const std::int64_t value = book.next_value();
  book.note_named(value, name);
  auto body = [&](transaction_type& tx) -> task<> {
    note.ids.push_back(tx.id());
    note.seen.operations.clear();
    leave_ticket(tx, note);
    const std::optional<numbers> list = co_await tx.get(layout::named_list);
    numbers now = list.value_or(numbers());
    note.seen.operations.push_back({layout::named_list, false, 0, now});
    now.push_back(value);
    note.seen.operations.push_back({layout::named_list, true, value, {}});
    tx.put(layout::named_list, now);
  };
  transaction_options options;
  options.name = text;
  task<transaction_result> running = s.transact(body, options);
  const transaction_result result = co_await running;
  if (result.attempts == 0) {
    book.aborted(note);
  } else {
    book.committed(note, result.id);
  }
  book.name_acknowledged(name, result.id);
}

task<> client(tested_store& s, const life_plan& plan, std::uint64_t seed, store_book& book) {
  random_source random(seed);
  for (int left = plan.transactions; left > 0; --left) {
    switch (random.below(6)) {
      case 0:
        co_await run_named(s, plan.number, random, book);
        break;
      case 1:
        co_await run_once_by_hand(s, plan.number, random, book);
        break;
      default:
        co_await run_transaction(s, plan.number, random, book);
    }
    if (random.below(3) == 0) co_await sleep_for(std::chrono::microseconds(random.below(300)));
  }
}

/// The store as a whole, between the transactions of the others.
task<> look_at_all(context& ctx, tested_store& s, store_book& book) {
  for (int times = 0; times < 2; ++times) {
    std::int64_t mine = 0;
    auto visit = [&mine](int key, const numbers& value) { mine += key < layout::accounts ? value.front() : 0; };
    co_await s.snapshot(visit);
    auto adding = ctx.world().iallreduce(mine, weft::sum);
    book.expect_sum(co_await adding);
  }
}

// --- lives -----------------------------------------------------------------------------------------------------------

task<> found(context& ctx, tested_store& s, store_book& book) {
  for (int a = 0; a < layout::accounts; ++a) s.load(a, {layout::initial});
  for (int i = 0; i < layout::links; ++i) s.load(layout::first_link + i, {(i + 1) % layout::links});
  auto loaded = s.flush();
  co_await loaded;
  auto all = ctx.world().ibarrier();
  co_await all;
  book.founded();
}

task<> go_on(context& ctx, const life_plan& plan, store_book& book, store_book::contents& seen) {
  tested_store s(ctx, plan.how);
  co_await s.open();
  if (!book.is_founded()) {
    co_await found(ctx, s, book);
  }
  s.for_each_local([&seen](int key, const numbers& value) { seen[key] = value; });
  auto all_have_told = ctx.world().ibarrier();
  co_await all_have_told;
  if (ctx.rank() == 0) book.judge(plan.number, seen, [&s](const transaction_id& id) { return s.outcome_of(id); });
  auto judged = ctx.world().ibarrier();
  co_await judged;
  scope clients(ctx.loop());  // ends before the store does, whatever ends this life
  for (int c = 0; c < plan.clients; ++c) {
    const std::uint64_t seed = plan.seed * 1000 + static_cast<std::uint64_t>(ctx.rank() * 10 + c);
    clients.spawn(client(s, plan, seed, book));
  }
  if (plan.clients > 0) clients.spawn(look_at_all(ctx, s, book));
  co_await clients.join();
  co_await s.close();
  if (s.locked_keys() != 0) book.wrong("a key is locked when all is over");
}

/// Neither a start nor an orderly end leaves anything in doubt.
task<> open_once_more(context& ctx, const life_plan& plan, store_book& book) {
  auto all_have_closed = ctx.world().ibarrier();
  co_await all_have_closed;
  tested_store s(ctx, plan.how);
  co_await s.open();
  if (s.stats().found_committed + s.stats().found_aborted > 0) book.wrong("something is in doubt after an end");
  co_await s.close();
}

task<> live(context& ctx, const life_plan& plan, store_book& book, store_book::contents& seen) {
  co_await go_on(ctx, plan, book, seen);
  co_await open_once_more(ctx, plan, book);
}

store_options draw_store(random_source& random, const lives_plan& lives) {
  store_options how;
  how.directory = "jobs/store";
  how.kept = lives.is_only_written ? store_durability::written : store_durability::synced;
  how.decision = random.below(2) == 0 ? txn::decision_rule::implicit : txn::decision_rule::explicit_record;
  how.locks = static_cast<txn::lock_policy>(random.below(4));
  how.patience = duration(200'000 + static_cast<std::int64_t>(random.below(3'000'000)));
  how.compact_bytes = 2000 + random.below(30'000);
  how.segment_bytes = 8192 + random.below(30'000);
  return how;
}

std::string run(std::uint64_t seed, tally& counts) {
  constexpr int lives_that_put = 4;
  constexpr int most_lives = 60;
  random_source random(seed);
  sim::world_options options = draw_world(seed);
  const lives_plan all_lives = draw_lives(random, options);
  sim::world cluster(options);
  store_book book;
  const store_options how = draw_store(random, all_lives);
  std::deque<life_plan> plans;  // survivors of a life still look at theirs
  std::deque<store_book::contents> seen;
  for (int life = 1; life <= most_lives; ++life) {
    life_plan& plan = plans.emplace_back();
    plan.number = life;
    plan.seed = random();
    plan.how = how;
    plan.how.predecessors = random.below(2) == 0 ? 0ms : 5000ms;  // with survivors that hold the lock
    if (life <= lives_that_put) {
      plan.clients = 1 + static_cast<int>(random.below(4));
      plan.transactions = bounded_steps(1 + static_cast<int>(random.below(25)));
    }
    const int ranks = bounded_ranks(1 + static_cast<int>(random.below(5)));
    book.begin_life(life);
    store_book::contents& contents = seen.emplace_back();
    const sim::outcome end = cluster.run([&](context& ctx) { return live(ctx, plan, book, contents); }, ranks);
    counts.messages = cluster.counts().messages;
    if (!book.verdict().empty()) return book.verdict() + " (seen in life " + std::to_string(life) + ")";
    if (end.stopped_by > sim::stop_reason::life_over) return end.report;
    if (end.is_crashed) {
      ++counts.crashes;
      counts.crash_points.push_back(end.interface_events * 64 + static_cast<std::uint64_t>(end.crashed_rank));
    }
    if (std::string text = complaint(cluster, ranks, all_lives); !text.empty()) return text;
    if (end && life > lives_that_put) {
      book.judge_history();
      return book.verdict();
    }
  }
  return "no life came to its end";
}

}  // namespace

const suite txn_suite{"txn", run};

}  // namespace weft::seeds
