// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <weft/journal/errors.hpp>

#include "unit/queue/durable_fixture.hpp"

namespace weft {
namespace {

using testing::durable_job;
using testing::empty_disk;

using number_queue = durable_queue<int>;

task<> put_numbers(number_queue& q, int first, int count) {
  for (int i = first; i < first + count; ++i) co_await q.put(i);
}

struct tally {
  std::multiset<int> numbers;
  std::map<int, unsigned> attempts;
  std::set<durable_id> ids;
};

task<> take_all(number_queue& q, tally& into) {
  while (auto next = co_await q.get()) {
    into.numbers.insert(**next);
    into.attempts[**next] = next->attempt();
    into.ids.insert(next->id());
  }
}

/// Takes everything on all ranks until the queue is drained.
tally take_everything(durable_job<int>& job) {
  tally all;
  std::vector<future<void>> tasks;
  for (int r = 0; r < job.cluster.size(); ++r) {
    if (!job.at(r).closed()) job.at(r).close();
    tasks.push_back(job.on(r).spawn(take_all(job.at(r), all)));
  }
  EXPECT_TRUE(job.finish(tasks));
  for (auto& each : tasks) each.get();
  return all;
}

std::multiset<int> numbers(int first, int count) {
  std::multiset<int> all;
  for (int i = first; i < first + count; ++i) all.insert(i);
  return all;
}

class durable_queues : public ::testing::TestWithParam<durability> {
 protected:
  durable_options how() const { return {.kept = GetParam(), .segment_bytes = 64 * 1024}; }
};

TEST_P(durable_queues, hands_out_what_was_put_and_drains) {
  for (const int ranks : {1, 2, 5}) {
    durable_job<int> job(ranks, empty_disk(), how());
    job.open();
    EXPECT_TRUE(job.at(0).is_new());
    auto put = job.on(0).spawn(put_numbers(job.at(0), 0, 100));
    ASSERT_TRUE(job.until(put));
    const tally all = take_everything(job);
    EXPECT_EQ(all.numbers, numbers(0, 100));
    EXPECT_EQ(all.ids.size(), 100u);
    EXPECT_EQ(job.at(0).size(), 0u);
  }
}

TEST_P(durable_queues, what_was_acknowledged_is_found_by_any_number_of_ranks) {
  durable_job<int> first(3, empty_disk(), how());
  first.open();
  for (int r = 0; r < 3; ++r) {
    auto put = first.on(r).spawn(put_numbers(first.at(r), r * 50, 50));
    ASSERT_TRUE(first.until(put));
  }
  for (const int ranks : {1, 2, 3, 7}) {
    durable_job<int> next(ranks, first.killed(), how());
    next.open();
    EXPECT_FALSE(next.at(0).is_new());
    EXPECT_EQ(take_everything(next).numbers, numbers(0, 150));
    durable_job<int> last(2, next.killed(), how());
    last.open();
    EXPECT_TRUE(take_everything(last).numbers.empty());
  }
}

TEST_P(durable_queues, what_was_taken_and_not_acknowledged_comes_again_as_another_attempt) {
  durable_job<int> first(2, empty_disk(), how());
  first.open();
  auto put = first.on(0).spawn(put_numbers(first.at(0), 0, 10));
  ASSERT_TRUE(first.until(put));
  std::set<durable_id> ids;
  auto held = first.at(0).try_get();
  ASSERT_TRUE(held);
  EXPECT_EQ(held->attempt(), 1u);
  ids.insert(held->id());
  auto done = first.at(0).try_get();
  done->done();
  auto flushed = first.at(0).flush();
  ASSERT_TRUE(first.until(flushed));

  durable_job<int> second(3, first.killed(), how());
  second.open();
  const tally all = take_everything(second);
  EXPECT_EQ(all.numbers.size(), 9u);
  EXPECT_EQ(all.numbers.count(**done), 0u);
  EXPECT_EQ(all.attempts.at(**held), 2u);
  EXPECT_EQ(all.ids.count(held->id()), 1u);
  held->give_back();
}

TEST_P(durable_queues, a_put_is_not_acknowledged_and_not_handed_out_before_it_is_durable) {
  durable_job<int> job(1, empty_disk(), how());
  job.open();
  auto put = job.at(0).put(7);
  EXPECT_FALSE(put.ready());
  EXPECT_FALSE(job.at(0).try_get());
  EXPECT_TRUE(job.cluster.drive([&] { return put.ready(); }));
  EXPECT_EQ(job.at(0).log()->durable(), job.at(0).log()->end());
  auto got = job.at(0).try_get();
  ASSERT_TRUE(got);
  EXPECT_EQ(**got, 7);
  got.reset();
  job.at(0).close();
  EXPECT_TRUE(job.drain());
}

TEST_P(durable_queues, an_item_is_acknowledged_by_its_normal_end_only) {
  durable_job<int> first(1, empty_disk(), how());
  first.open();
  std::vector<int> some{1, 2, 3, 4};
  auto put = first.at(0).put(some.begin(), some.end());
  ASSERT_TRUE(first.cluster.drive([&] { return put.ready(); }));
  const auto cancelled = [&]() -> task<> {
    auto held = co_await first.at(0).get();
    co_await sleep_for(std::chrono::hours(1));
  };
  auto task = first.on(0).spawn(cancelled());
  first.cluster.turn(5);
  task.cancel();
  first.cluster.turn(5);
  EXPECT_EQ(first.at(0).held(), 0u);
  { auto done = first.at(0).try_get(); }
  {
    auto returned = first.at(0).try_get();
    returned->give_back();
  }
  {
    auto failed = first.at(0).try_get();
    failed->fail("no");
  }
  const auto letters = first.at(0).take_dead_letters();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].error, "no");
  EXPECT_EQ(letters[0].attempts, 1u);
  auto flushed = first.at(0).flush();
  ASSERT_TRUE(first.until(flushed));
  EXPECT_EQ(first.at(0).size(), 3u);

  durable_job<int> second(1, first.killed(), how());
  second.open();
  EXPECT_EQ(second.at(0).size(), 3u);
  {
    auto failed = second.at(0).try_get();
    failed->fail("no");
  }
  second.at(0).discard(second.at(0).take_dead_letters().at(0));
  EXPECT_EQ(take_everything(second).numbers.size(), 2u);
  durable_job<int> third(1, second.killed(), how());
  third.open();
  EXPECT_TRUE(take_everything(third).numbers.empty());
}

TEST_P(durable_queues, only_the_window_counts_as_tried) {
  durable_options narrow = how();
  narrow.window = 8;
  durable_job<int> first(1, empty_disk(), narrow);
  first.open();
  auto put = first.on(0).spawn(put_numbers(first.at(0), 0, 100));
  ASSERT_TRUE(first.until(put));
  EXPECT_LE(first.at(0).stats().put, 8u);
  durable_job<int> second(2, first.killed(), narrow);
  second.open();
  const tally all = take_everything(second);
  EXPECT_EQ(all.numbers, numbers(0, 100));
  const auto tried =
      std::count_if(all.attempts.begin(), all.attempts.end(), [](const auto& a) { return a.second > 1; });
  EXPECT_GE(tried, 1);
  EXPECT_LE(tried, 8);
}

TEST_P(durable_queues, cancel_leaves_everything_to_the_next_job) {
  durable_job<int> first(2, empty_disk(), how());
  first.open();
  auto put = first.on(0).spawn(put_numbers(first.at(0), 0, 20));
  ASSERT_TRUE(first.until(put));
  first.at(1).cancel();
  ASSERT_TRUE(first.drain());
  durable_job<int> second(2, first.killed(), how());
  second.open();
  EXPECT_EQ(take_everything(second).numbers, numbers(0, 20));
}

task<> split(number_queue& q, int& done) {
  while (auto next = co_await q.get()) {
    const int left = **next;
    for (int i = 0; i < left; ++i) co_await q.put(left - 1);
    ++done;
  }
}

TEST_P(durable_queues, items_that_make_items_after_close) {
  durable_job<int> job(3, empty_disk(), how());
  job.open();
  auto put = job.on(0).spawn(put_numbers(job.at(0), 5, 1));
  ASSERT_TRUE(job.until(put));
  int done = 0;
  std::vector<future<void>> tasks;
  for (int r = 0; r < 3; ++r) {
    job.at(r).close();
    EXPECT_THROW(job.at(r).put(1), usage_error);
    tasks.push_back(job.on(r).spawn(split(job.at(r), done)));
  }
  ASSERT_TRUE(job.finish(tasks));
  EXPECT_EQ(done, 326);  // 1 + 5 + 5*4 + 5*4*3 + 5! + 5!
}

TEST_P(durable_queues, a_producer_that_awaits_is_held_back_once_somebody_consumes) {
  durable_job<int> job(1, empty_disk(), how(), {.capacity = 20});
  job.open();
  auto before = job.on(0).spawn(put_numbers(job.at(0), 0, 50));
  ASSERT_TRUE(job.until(before));  // nobody takes any yet
  EXPECT_TRUE(job.at(0).try_get());
  auto producer = job.on(0).spawn(put_numbers(job.at(0), 50, 50));
  EXPECT_FALSE(job.until(producer));
  EXPECT_EQ(job.at(0).size(), 50u);  // one done, one more put
  int taken = 1;
  while (!producer.ready()) {
    while (auto next = job.at(0).try_get()) ++taken;
    job.cluster.turn();
  }
  job.at(0).close();
  while (!job.at(0).drained()) {
    while (auto next = job.at(0).try_get()) ++taken;
    job.cluster.turn();
  }
  EXPECT_EQ(taken, 100);
}

TEST_P(durable_queues, a_range_is_put_as_a_whole_or_not_at_all) {
  const auto disk = empty_disk();
  durable_job<int> first(1, disk, how());
  first.open();
  std::vector<int> some(50);
  for (int i = 0; i < 50; ++i) some[static_cast<std::size_t>(i)] = i;
  auto put = first.at(0).put(some.begin(), some.end());
  ASSERT_TRUE(first.cluster.drive([&] { return put.ready(); }));
  const auto torn = first.killed();  // as if the process had died in the middle of the write
  for (auto& [name, file] : torn->files) {
    if (!name.ends_with("00000000.journal")) continue;
    const auto end = journal_format::segment_header_bytes + first.at(0).log()->end() - 100;
    std::fill(file->data.begin() + static_cast<std::ptrdiff_t>(end), file->data.end(), std::byte{0});
  }
  durable_options cutting = how();
  cutting.on_damage = damage_policy::cut;
  durable_job<int> after(1, torn, cutting);
  after.open();
  EXPECT_EQ(after.at(0).size(), 0u);
  EXPECT_TRUE(after.at(0).is_new());
  durable_job<int> next(1, first.killed(), how());
  next.open();
  EXPECT_EQ(take_everything(next).numbers, numbers(0, 50));
  EXPECT_FALSE(next.at(0).is_new());
}

TEST_P(durable_queues, is_new_until_an_item_was_put_for_certain) {
  durable_job<int> first(2, empty_disk(), how());
  first.open();
  EXPECT_TRUE(first.at(1).is_new());
  durable_job<int> second(3, first.killed(), how());
  second.open();
  EXPECT_TRUE(second.at(2).is_new());
  auto put = second.on(1).spawn(put_numbers(second.at(1), 0, 3));
  ASSERT_TRUE(second.until(put));
  take_everything(second);
  durable_job<int> third(2, second.killed(), how());
  third.open();
  EXPECT_FALSE(third.at(0).is_new());
  EXPECT_FALSE(third.at(1).is_new());
  durable_job<int> fourth(1, third.killed(), how());
  fourth.open();
  EXPECT_FALSE(fourth.at(0).is_new());
}

TEST_P(durable_queues, what_a_job_leaves_for_the_next_one_is_no_error) {
  durable_job<int> job(1, empty_disk(), how());
  job.open();
  auto put = job.on(0).spawn(put_numbers(job.at(0), 0, 3));
  ASSERT_TRUE(job.until(put));
  job.at(0).try_get()->fail("no");
  job.queues.clear();
  EXPECT_EQ(job.on(0).loop().metrics().unseen_errors, 0u);
}

TEST_P(durable_queues, is_compacted) {
  durable_options often = how();
  often.compact_bytes = 4096;
  durable_job<int> first(2, empty_disk(), often);
  first.open();
  int taken = 0;
  for (int round = 0; round < 20; ++round) {
    auto put = first.on(0).spawn(put_numbers(first.at(0), round * 100, 100));
    ASSERT_TRUE(first.until(put));
    for (int i = 0; i < 90; ++i) {
      auto next = first.at(0).try_get();
      ASSERT_TRUE(next);
      ++taken;
    }
  }
  auto flushed = first.at(0).flush();
  ASSERT_TRUE(first.until(flushed));
  EXPECT_LT(first.at(0).log()->bytes_since_snapshot(), 60'000u);
  durable_job<int> second(1, first.killed(), often);
  second.open();
  EXPECT_EQ(take_everything(second).numbers.size(), 2000u - static_cast<unsigned>(taken));
}

TEST_P(durable_queues, values_of_any_type_with_priorities_and_types) {
  const auto disk = empty_disk();
  durable_job<std::string> first(1, disk, how(), {.order = take_order::oldest_first});
  first.open();
  std::vector<future<void>> none;
  auto low = first.at(0).put("low", {.priority = -1});
  auto high = first.at(0).put("high", {.priority = 5, .type = 3});
  auto plain = first.at(0).put(std::string(10'000, 'x'));
  ASSERT_TRUE(first.cluster.drive([&] { return plain.ready() && low.ready() && high.ready(); }));
  durable_job<std::string> second(1, first.killed(), how());
  second.open();
  auto a = second.at(0).try_get();
  auto b = second.at(0).try_get();
  auto c = second.at(0).try_get();
  ASSERT_TRUE(a && b && c);
  EXPECT_EQ(**a, "high");
  EXPECT_EQ(a->type(), 3u);
  EXPECT_EQ((*b)->size(), 10'000u);
  EXPECT_EQ(**c, "low");
}

TEST_P(durable_queues, rules_of_use) {
  durable_job<int> job(1, empty_disk(), how());
  EXPECT_THROW(job.at(0).put(1), usage_error);
  EXPECT_THROW(job.at(0).close(), usage_error);
  EXPECT_THROW(job.at(0).flush(), usage_error);
  job.open();
  EXPECT_THROW(job.at(0).put(1, {.rank = 1}), usage_error);
  auto again = job.on(0).spawn(job.at(0).open());
  EXPECT_TRUE(job.until(again));
  EXPECT_THROW(again.get(), usage_error);
  job.at(0).close();
  EXPECT_THROW(job.at(0).put(1), usage_error);
}

TEST_P(durable_queues, another_programs_items_are_refused) {
  durable_job<std::string> first(1, empty_disk(), how());
  first.open();
  auto put = first.at(0).put("not a number");
  ASSERT_TRUE(first.cluster.drive([&] { return put.ready(); }));
  durable_job<int> second(1, first.killed(), how());
  auto opened = second.on(0).spawn(second.at(0).open());
  EXPECT_TRUE(second.until(opened));
  EXPECT_THROW(opened.get(), error);
}

INSTANTIATE_TEST_SUITE_P(durabilities, durable_queues, ::testing::Values(durability::synced, durability::written),
                         [](const auto& each) { return each.index == 0 ? "synced" : "written"; });

}  // namespace
}  // namespace weft
