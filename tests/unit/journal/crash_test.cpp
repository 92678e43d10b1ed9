// SPDX-License-Identifier: BSL-1.0
// The death of the process and the loss of power at every storage operation of a run's life.
#include <gtest/gtest.h>

#include "counting_run.hpp"
#include "support/crash_storage.hpp"

namespace weft {
namespace {

using testing::counting_run;
using testing::crash_storage;
using testing::fake_disk;

constexpr journal_options synced{durability::synced, 8 * 1024};
constexpr journal_options written{durability::written, 8 * 1024};

/// What a run had said when it ended.
struct promise {
  std::uint64_t found = 0;         ///< read at its start
  std::uint64_t acknowledged = 0;  ///< 0: nothing
  std::uint64_t counted = 0;
};

/// A life with everything in it: restart, snapshot, groups of all sizes, rotations, compactions.
promise live(crash_storage& files, journal_options options) {
  counting_run run(files, options);
  try {
    run.start();
    run.open();
    run.adopt_and_count();
    for (int round = 0; round < 12; ++round) {
      run.count(1 + round * 7 % 23);
      for (int i = 0; i < 2; ++i) run.poll_once();
      if (round == 4 || round == 9) {
        while (run.log->compacting()) run.poll_once();
        run.compact();
      }
      if (round % 4 == 3) run.settle();
    }
    run.settle();
  } catch (const world_error&) {
    EXPECT_TRUE(files.is_dead());
  }
  run.note_if_open();
  return {run.found, run.acknowledged, run.numbers.last};
}

/// Another process finds the disk: everything acknowledged is there, and nothing that was never counted.
void expect_kept(const std::shared_ptr<fake_disk>& disk, const promise& before, std::uint64_t floor) {
  crash_storage files(disk);
  counting_run again(files, synced);
  ASSERT_NO_THROW(again.begin());
  EXPECT_GE(again.found, std::max(before.acknowledged, floor));
  EXPECT_LE(again.found, std::max(before.counted, floor));
  again.count(3);
  again.settle();
  EXPECT_EQ(again.acknowledged, again.found + 3);
}

class crash : public ::testing::TestWithParam<journal_options> {};

std::uint64_t operations_of_a_life(const std::shared_ptr<fake_disk>& disk, journal_options options) {
  crash_storage files(disk);
  live(files, options);
  return files.operations();
}

/// Each of the operations of a second life on a disk that a first has left.
template <class Check>
void at_each_operation(journal_options options, Check check) {
  const auto first = std::make_shared<fake_disk>();
  operations_of_a_life(first, options);
  const std::uint64_t count = operations_of_a_life(crash_storage(first).after_kill(), options);
  ASSERT_GT(count, 100u);
  std::uint64_t floor = 0;
  {
    crash_storage files(crash_storage(first).after_kill());
    counting_run run(files, options);
    run.start();
    floor = run.found;
  }
  for (std::uint64_t at = 0; at < count; ++at) {
    SCOPED_TRACE("death at operation " + std::to_string(at) + " of " + std::to_string(count));
    crash_storage files(crash_storage(first).after_kill());
    files.die_at(at);
    const promise made = live(files, options);
    check(files, made, floor);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST_P(crash, of_the_process_at_every_operation) {
  at_each_operation(GetParam(), [](const crash_storage& files, const promise& made, std::uint64_t floor) {
    expect_kept(files.after_kill(), made, floor);
  });
}

TEST(power_cut, at_every_operation) {
  at_each_operation(synced, [](const crash_storage& files, const promise& made, std::uint64_t floor) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      expect_kept(files.after_power_cut(seed), made, floor);
    }
  });
}

TEST(power_cut, one_after_the_other) {
  auto disk = std::make_shared<fake_disk>();
  std::uint64_t least = 0;
  random_source random(11);
  for (std::uint64_t cut = 0; cut < 300; ++cut) {
    SCOPED_TRACE("cut " + std::to_string(cut));
    crash_storage files(disk);
    files.die_at(random.below(400));
    const promise made = live(files, synced);
    if (made.found != 0) {
      ASSERT_GE(made.found, least);
    }
    least = std::max(least, made.acknowledged);
    disk = files.after_power_cut(random());
  }
  crash_storage files(disk);
  counting_run last(files, synced);
  last.start();
  EXPECT_GE(last.found, least);
  EXPECT_GT(least, 500u);
}

/// A snapshot of many segments, and the process dies while it is written: it replaces nothing before it is whole.
TEST(crash_in_a_snapshot, leaves_the_one_before) {
  constexpr std::uint64_t pieces = 400;
  constexpr std::uint16_t piece_type = 3;
  crash_storage files;
  counting_run run(files, synced);
  run.begin();
  run.count(30);
  run.settle();
  run.log->compact([&](journal& to) {
    for (std::uint64_t i = 0; i < pieces; ++i) to.append(piece_type, std::vector<std::byte>(64));
  });
  int unfinished = 0;
  while (run.log->compacting()) {
    run.poll_once();
    crash_storage after(files.after_kill());
    counting_run next(after, synced);
    std::uint64_t numbers = 0;
    std::uint64_t found = 0;
    next.claim();
    journal_reader(next.folder()).read(0, [&](const journal_record& record) {
      (record.type == piece_type ? found : numbers) += 1;
    });
    const bool is_whole = found == pieces && numbers == 0;
    const bool is_before = found == 0 && numbers == 31;
    ASSERT_TRUE(is_whole || is_before) << found << " pieces, " << numbers << " numbers";
    std::uint64_t segments = 0;
    for (const auto& each : after.disk().files) segments += each.first.ends_with(".journal") ? 1u : 0u;
    unfinished += is_before && segments > 3 ? 1 : 0;
  }
  EXPECT_GT(unfinished, 2);
}

INSTANTIATE_TEST_SUITE_P(durabilities, crash, ::testing::Values(synced, written),
                         [](const auto& each) { return each.index == 0 ? "synced" : "written"; });

}  // namespace
}  // namespace weft
