// SPDX-License-Identifier: BSL-1.0
// Runs that overlap: whatever the old one acknowledged, the new one has read.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <weft/posix/file_storage.hpp>

#include "counting_run.hpp"
#include "support/crash_storage.hpp"
#include "support/scratch_directory.hpp"

namespace weft {
namespace {

using testing::counting_run;
using testing::crash_storage;
using testing::fake_disk;

constexpr journal_options small{durability::synced, 8 * 1024};

/// A run that goes on although another has started: it does something between two operations of the other one.
class survivor {
 public:
  survivor(const std::shared_ptr<fake_disk>& disk, journal_options options, std::uint64_t seed)
      : files_(disk), run(files_, options), random_(seed) {
    run.begin();
    run.count(40);
    run.settle();
  }
  void do_something() {
    if (is_fenced) return;
    try {
      switch (random_.below(5)) {
        case 0:
          run.count(1 + static_cast<int>(random_.below(12)));
          break;
        case 1:
          if (!run.log->compacting()) run.compact();
          break;
        default:
          run.poll_once();
      }
    } catch (const fenced&) {
      is_fenced = true;
    }
  }

 private:
  crash_storage files_;

 public:
  counting_run run;
  bool is_fenced = false;

 private:
  random_source random_;
};

class overlap : public ::testing::TestWithParam<durability> {};

TEST_P(overlap, what_a_survivor_acknowledges_has_been_read) {
  const journal_options options{GetParam(), 8 * 1024};
  std::uint64_t late = 0;  // acknowledged while the new run was starting
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto disk = std::make_shared<fake_disk>();
    survivor old(disk, options, seed);
    const std::uint64_t before = old.run.acknowledged;
    crash_storage files(disk);
    random_source pace(seed * 31);
    const std::uint64_t burst = pace.below(40);  // so much at once that segments come and go between two operations
    std::uint64_t operation = 0;
    files.set_meanwhile([&] {
      for (std::uint64_t i = operation++ == burst ? 300 : pace.below(4); i > 0; --i) old.do_something();
    });
    counting_run fresh(files, options);
    ASSERT_NO_THROW(fresh.begin());
    EXPECT_FALSE(fresh.folder().predecessor_ended());
    fresh.count(5);
    fresh.settle();
    for (int i = 0; i < 200; ++i) old.do_something();
    ASSERT_TRUE(old.is_fenced);
    ASSERT_GE(fresh.found, old.run.acknowledged);
    ASSERT_EQ(fresh.acknowledged, fresh.found + 5);
    EXPECT_THROW(old.run.count(1), fenced);
    EXPECT_THROW(old.run.log->poll(), fenced);
    late += old.run.acknowledged > before ? 1 : 0;
  }
  EXPECT_GT(late, 100u);
}

INSTANTIATE_TEST_SUITE_P(durabilities, overlap, ::testing::Values(durability::synced, durability::written),
                         [](const auto& each) { return each.index == 0 ? "synced" : "written"; });

TEST(fence, nothing_is_acknowledged_before_the_journals_are_adopted) {
  crash_storage files;
  counting_run run(files);
  run.start();
  run.open();
  run.count(3);
  for (int i = 0; i < 100; ++i) run.poll_once();
  EXPECT_GE(run.log->forced(), run.log->end());
  EXPECT_EQ(run.log->durable(), 0u);
  run.adopt();
  run.settle();
  EXPECT_EQ(run.acknowledged, 3u);
}

TEST(fence, a_run_that_was_overtaken_before_it_adopted_is_told) {
  const auto disk = std::make_shared<fake_disk>();
  crash_storage first(disk), second(disk);
  counting_run slow(first), quick(second);
  slow.start();
  slow.open();
  quick.begin();
  EXPECT_THROW(slow.adopt(), fenced);
  quick.count(1);
  quick.settle();
}

TEST(fence, two_starts_at_once_exclude_each_other) {
  const auto disk = std::make_shared<fake_disk>();
  int refused = 0;
  std::set<std::uint32_t> epochs;
  for (std::uint64_t at = 0; at < 40; ++at) {
    crash_storage first(disk), second(disk);
    std::uint64_t count = 0;
    first.set_meanwhile([&] {
      if (count++ != at) return;
      counting_run inner(second);
      try {
        inner.start();
        EXPECT_TRUE(epochs.insert(inner.folder().run().epoch).second);
      } catch (const timed_out&) {
        ++refused;
      }
    });
    counting_run outer(first);
    outer.start();
    EXPECT_TRUE(epochs.insert(outer.folder().run().epoch).second) << "after " << at << " operations";
  }
  EXPECT_GT(refused, 3);
}

/// Otherwise a power cut brings the epoch before back, and the next run takes the same number: two runs that believe to
/// be one.
TEST(fence, an_epoch_that_was_claimed_outlives_a_power_cut) {
  const auto first = std::make_shared<fake_disk>();
  for (int life = 0; life < 2; ++life) {  // in a new folder, and in one that is there
    const auto disk = life == 0 ? first : crash_storage(first).after_kill();
    crash_storage files(disk);
    counting_run run(files);
    run.start();
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      crash_storage after(files.after_power_cut(seed));
      counting_run next(after);
      next.start();
      ASSERT_GT(next.folder().run().epoch, run.folder().run().epoch) << "seed " << seed;
    }
  }
}

/// Two ranks: while the leader's `adopt` is under way, another one acknowledges as soon as the rule lets it.
TEST(fence, what_a_rank_acknowledges_during_the_adoption_outlives_a_power_cut) {
  int early = 0;
  for (std::uint64_t at = 0; at < 40; ++at) {
    crash_storage files;
    counting_run run(files, small);
    run.start();
    run.open();
    run.count(3);
    testing::drive(files, [&] {
      run.log->poll();
      return run.log->forced() >= run.log->end();
    });
    files.die_at(files.operations() + at);
    try {
      run.adopt_and_count();
    } catch (const world_error&) {
    }
    run.note_if_open();
    early += run.acknowledged > 0 && files.is_dead() ? 1 : 0;
    for (std::uint64_t seed = 0; seed < 16; ++seed) {
      crash_storage after(files.after_power_cut(seed));
      counting_run next(after, small);
      next.start();
      ASSERT_GE(next.found, run.acknowledged) << "death at operation " << at << ", seed " << seed;
    }
  }
  EXPECT_GT(early, 0);
}

/// A start that was itself overtaken finds its journals gone: that is no damage.
TEST(fence, a_start_that_was_overtaken_while_it_reads_is_told_so) {
  const auto disk = std::make_shared<fake_disk>();
  {
    crash_storage files(disk);
    counting_run run(files);
    run.begin();
    run.count(5);
    run.settle();
  }
  crash_storage slow_files(disk), quick_files(disk);
  journal_folder slow(slow_files, file_space::shared, std::string(testing::journal_path));
  slow.claim(time_point{}, 1);
  testing::drive(slow_files, [&] { return slow.ready(); });
  counting_run quick(quick_files);
  quick.begin();
  EXPECT_EQ(quick.found, 5u);
  EXPECT_THROW(journal_reader(slow).read(0, [](const journal_record&) {}), fenced);
}

/// A compacting run removes its old segments one by one, also while the next run opens them.
TEST(fence, segments_that_vanish_between_listing_and_opening) {
  const auto disk = std::make_shared<fake_disk>();
  crash_storage old_files(disk), files(disk);
  counting_run old(old_files, small);
  old.begin();
  for (int group = 0; group < 20; ++group) {
    old.count(40);
    old.settle();
  }
  old.compact();
  old.settle();
  const auto count_segments = [&] {
    return std::count_if(disk->files.begin(), disk->files.end(),
                         [](const auto& each) { return each.first.ends_with(".journal"); });
  };
  const auto before = count_segments();
  ASSERT_GT(before, 8);
  journal_folder folder(files, file_space::shared, std::string(testing::journal_path));
  folder.claim(time_point{}, 1);
  testing::drive(files, [&] { return folder.ready(); });
  ASSERT_EQ(count_segments(), before);
  files.set_meanwhile([&] { old.log->poll(); });
  testing::counter numbers;
  const auto summary = journal_reader(folder).read(0, [&](const journal_record& r) { numbers.visit(r); });
  EXPECT_LT(count_segments(), before);
  EXPECT_EQ(numbers.last, 800u);
  EXPECT_EQ(summary.records, 1 + 800 % 3u) << "the snapshot alone";
}

TEST(fence, a_damaged_or_missing_epoch_file_is_refused) {
  const auto disk = std::make_shared<fake_disk>();
  {
    crash_storage files(disk);
    counting_run run(files);
    run.begin();
    run.count(1);
    run.settle();
  }
  const std::string path = std::string(testing::journal_path) + "/epoch";
  for (std::size_t at = 0; at < journal_format::epoch_bytes; ++at) {
    disk->files[path]->data[at] ^= std::byte{4};
    crash_storage files(disk);
    counting_run run(files);
    EXPECT_THROW(run.start(), journal_damaged) << at;
    disk->files[path]->data[at] ^= std::byte{4};
  }
  disk->files.erase(path);
  crash_storage files(disk);
  counting_run run(files);
  EXPECT_THROW(run.start(), journal_damaged);
}

TEST(fence, an_unreadable_epoch_file_stops_the_journal) {
  crash_storage files;
  counting_run run(files);
  run.begin();
  files.disk().files.erase(std::string(testing::journal_path) + "/epoch");
  run.count(1);
  EXPECT_THROW(run.settle(), world_error);
  EXPECT_EQ(run.acknowledged, 0u);
  EXPECT_TRUE(run.log->failed());
}

TEST(fence, on_a_file_system_a_start_waits_for_the_earlier_runs_locks) {
  using namespace std::chrono_literals;
  const testing::scratch_directory scratch;
  const std::string& root = scratch.path();
  {
    posix::file_storage files({.shared_root = root, .node_root = root});
    const auto in = [](std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; };
    const auto wait = [&](journal_folder& folder) {
      testing::drive(files, [&] {
        std::this_thread::sleep_for(100us);
        return folder.ready();
      });
    };
    auto leader = std::make_unique<journal_folder>(files, file_space::shared, "runs/one");
    leader->claim(in(5s), 5);
    wait(*leader);
    EXPECT_TRUE(leader->predecessor_ended());
    EXPECT_TRUE(leader->holds_lock());
    journal_folder other(files, file_space::shared, "runs/one");
    other.join(leader->run(), in(5s));
    wait(other);
    EXPECT_TRUE(other.holds_lock());

    journal_folder next(files, file_space::shared, "runs/one");
    const auto begin = std::chrono::steady_clock::now();
    next.claim(in(200ms), 6);
    wait(next);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 200ms);
    EXPECT_FALSE(next.predecessor_ended());
    EXPECT_EQ(next.run().epoch, leader->run().epoch + 1);
    EXPECT_EQ(next.run().identity, 5u) << "a folder keeps its number";
    EXPECT_THROW(leader->may_acknowledge(), fenced);
  }
}

}  // namespace
}  // namespace weft
