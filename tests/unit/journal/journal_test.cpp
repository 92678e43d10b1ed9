// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>
#include <weft/posix/file_storage.hpp>

#include "counting_run.hpp"
#include "support/allocation_count.hpp"
#include "support/crash_storage.hpp"
#include "support/scratch_directory.hpp"

namespace weft {
namespace {

using testing::count_type;
using testing::counting_run;
using testing::crash_storage;
using testing::fake_disk;

constexpr journal_options small{durability::synced, 16 * 1024};

std::size_t segments_in(fake_disk& disk) {
  std::size_t count = 0;
  for (const auto& each : disk.files) count += each.first.ends_with(".journal") ? 1u : 0u;
  return count;
}

TEST(journal, what_was_acknowledged_is_read_back) {
  const auto disk = std::make_shared<fake_disk>();
  {
    crash_storage files(disk);
    counting_run run(files, small);
    run.begin();
    EXPECT_EQ(run.found, 0u);
    run.count(1000);
    run.settle();
    EXPECT_EQ(run.acknowledged, 1000u);
  }
  crash_storage files(disk);
  counting_run again(files, small);
  again.start();
  EXPECT_EQ(again.found, 1000u);
  EXPECT_EQ(again.folder().run().epoch, 2u);
  EXPECT_EQ(again.folder().run().live, 1u);
  EXPECT_FALSE(again.summaries[0].cut);
  EXPECT_EQ(again.summaries[0].records, 1001u);
}

TEST(journal, what_comes_during_a_force_goes_into_the_next) {
  crash_storage files;
  counting_run run(files);
  run.begin();
  const std::uint64_t before = run.log->forces();
  run.count(1);
  run.log->poll();  // the force begins
  run.count(500);
  for (int i = 0; i < 500; ++i) run.log->poll();
  run.settle();
  EXPECT_EQ(run.log->forces(), before + 2);
}

TEST(journal, a_completion_alone_starts_the_next_force) {
  crash_storage files;
  counting_run run(files);
  run.begin();
  run.count(1);
  run.log->poll();
  run.count(1);
  while (files.busy()) deliver_completions(files);
  EXPECT_EQ(run.log->durable(), run.log->end());
}

TEST(journal, the_listener_hears_of_progress_and_of_failure) {
  struct listener : journal_listener {
    int calls = 0;
    void on_durable() noexcept override { ++calls; }
  } ear;
  crash_storage files;
  counting_run run(files);
  run.begin();
  run.settle();
  run.log->set_listener(&ear);
  run.count(1);
  run.settle();
  EXPECT_EQ(ear.calls, 1);
  files.disk().next_sync = {storage_status::failed, EIO};
  run.count(1);
  EXPECT_THROW(run.settle(), world_error);
  EXPECT_EQ(ear.calls, 2);
}

TEST(journal, a_force_that_failed_is_final) {
  crash_storage files;
  counting_run run(files);
  run.begin();
  run.count(2);
  run.settle();
  const journal_position durable = run.log->durable();
  const std::uint64_t forces = run.log->forces();
  files.disk().next_sync = {storage_status::failed, EIO};
  run.count(1);
  EXPECT_THROW(run.settle(), world_error);
  EXPECT_TRUE(run.log->failed());
  for (int i = 0; i < 3; ++i) EXPECT_THROW(run.poll_once(), world_error);
  EXPECT_THROW(run.count(1), world_error);
  EXPECT_THROW(run.compact(), world_error);
  EXPECT_EQ(run.log->durable(), durable);
  EXPECT_EQ(run.log->forces(), forces);
}

TEST(journal, a_full_disk_is_told) {
  crash_storage files;
  counting_run run(files, small);
  run.begin();
  run.settle();
  files.disk().free_bytes = 20'000;
  EXPECT_THROW(
      {
        for (int i = 0; i < 100; ++i) {
          run.count(50);
          run.settle();
        }
      },
      world_error);
  const std::uint64_t acknowledged = run.acknowledged;
  crash_storage next(files.after_kill());
  counting_run again(next, small);
  again.start();
  EXPECT_GE(again.found, acknowledged);
}

TEST(journal, compaction_replaces_the_older_segments) {
  crash_storage files;
  counting_run run(files, small);
  run.begin();
  for (int i = 0; i < 20; ++i) {
    run.count(100);
    run.settle();
  }
  EXPECT_GT(segments_in(files.disk()), 8u);
  EXPECT_GT(run.log->bytes_since_snapshot(), 100'000u);
  run.compact();
  EXPECT_TRUE(run.log->compacting());
  EXPECT_THROW(run.compact(), usage_error);
  run.count(10);
  run.settle();
  while (run.log->poll()) deliver_completions(files);
  EXPECT_FALSE(run.log->compacting());
  EXPECT_EQ(segments_in(files.disk()), 2u) << "the present one and the spare";
  EXPECT_LT(run.log->bytes_since_snapshot(), 2000u);
  crash_storage next(files.after_kill());
  counting_run again(next, small);
  again.start();
  EXPECT_EQ(again.found, 2010u);
}

TEST(journal, a_snapshot_that_throws_has_not_happened) {
  crash_storage files;
  counting_run run(files, small);
  run.begin();
  run.count(3);
  const journal_position end = run.log->end();
  const auto bad = [&](journal& to) {
    to.append(count_type, {});
    throw std::runtime_error("no");
  };
  EXPECT_THROW(run.log->compact(bad), std::runtime_error);
  EXPECT_EQ(run.log->end(), end);
  run.count(3);
  run.settle();
  crash_storage next(files.after_kill());
  counting_run again(next, small);
  again.start();
  EXPECT_EQ(again.found, 6u);
}

TEST(journal, records_of_every_length) {
  const auto disk = std::make_shared<fake_disk>();
  std::vector<std::size_t> lengths;
  for (std::size_t length = 0; length < 100; ++length) lengths.push_back(length);
  for (const std::size_t length : {4096u, 8191u, 16'000u, 12'288u, 12'256u, 100'000u, 3u}) lengths.push_back(length);
  {
    crash_storage files(disk);
    counting_run run(files, small);
    run.begin();
    for (const std::size_t length : lengths) {
      const std::vector<std::byte> payload(length, static_cast<std::byte>(length));
      const std::span<const std::byte> all(payload);
      run.log->append(7, all.first(length / 3), all.subspan(length / 3));
    }
    run.settle();
  }
  crash_storage files(disk);
  journal_folder folder(files, file_space::shared, std::string(testing::journal_path));
  folder.claim(time_point{}, 0);
  testing::drive(files, [&] { return folder.ready(); });
  std::vector<std::size_t> found;
  const auto visit = [&](const journal_record& record) {
    if (record.type != 7) return;
    found.push_back(record.payload.size());
    for (const std::byte b : record.payload) ASSERT_EQ(b, static_cast<std::byte>(record.payload.size()));
  };
  journal_reader(folder).read(0, visit);
  EXPECT_EQ(found, lengths);
}

TEST(journal, rules_of_use) {
  crash_storage files;
  journal_folder folder(files, file_space::shared, "rules");
  EXPECT_THROW(journal(folder, 0), usage_error);
  folder.claim(time_point{}, 1);
  EXPECT_THROW(folder.claim(time_point{}, 1), usage_error);
  testing::drive(files, [&] { return folder.ready(); });
  journal log(folder, 0);
  EXPECT_THROW(log.append(1, {}), usage_error) << "before the first snapshot";
  log.compact([](journal&) {});
  EXPECT_THROW(log.append(journal_format::first_own_type, {}), usage_error);
  EXPECT_NO_THROW(log.append(journal_format::first_own_type - 1, {}));
  journal_folder nowhere(files, file_space::shared, "rules/elsewhere");
  nowhere.claim(time_point{}, 1);
  testing::drive(files, [&] { return nowhere.ready(); });
  journal twin(nowhere, 0);
  EXPECT_THROW(journal(nowhere, 0), world_error) << "two of one name";
}

TEST(journal, several_writers_are_read_by_any_number_of_ranks) {
  const auto disk = std::make_shared<fake_disk>();
  constexpr std::uint32_t writers = 5;
  {
    crash_storage files(disk);
    journal_folder leader(files, file_space::shared, std::string(testing::journal_path));
    leader.claim(time_point{}, 1);
    testing::drive(files, [&] { return leader.ready(); });
    std::vector<std::unique_ptr<journal>> logs;
    for (std::uint32_t w = 0; w < writers; ++w) {
      logs.push_back(std::make_unique<journal>(leader, w, small));
      const journal_position all = logs[w]->compact([](journal&) {});
      testing::drive(files, [&] {
        logs[w]->poll();
        return logs[w]->forced() >= all;
      });
    }
    leader.adopt(writers, time_point{});
    testing::drive(files, [&] { return leader.ready(); });
    for (std::uint32_t w = 0; w < writers; ++w) {
      const journal_position end = logs[w]->append(1, std::as_bytes(std::span(&w, 1)));
      testing::drive(files, [&] {
        logs[w]->poll();
        return logs[w]->durable() >= end;
      });
      logs[(w + 1) % writers]->witness(w, end);
      logs[(w + 1) % writers]->poll();
    }
  }
  for (std::uint32_t ranks = 1; ranks <= 8; ++ranks) {
    crash_storage files(disk);
    std::vector<std::uint32_t> found;
    std::vector<journal_witness> witnesses;
    journal_folder leader(files, file_space::shared, std::string(testing::journal_path));
    leader.claim(time_point{}, 1);
    testing::drive(files, [&] { return leader.ready(); });
    std::vector<journal_summary> summaries;
    for (std::uint32_t rank = 0; rank < ranks; ++rank) {
      journal_folder own(files, file_space::shared, std::string(testing::journal_path));
      own.join(leader.run(), time_point{});
      testing::drive(files, [&] { return own.ready(); });
      journal_reader reader(own);
      for (std::uint32_t w = rank; w < own.run().writers; w += ranks) {
        summaries.push_back(reader.read(w, [&](const journal_record& record) {
          EXPECT_EQ(record.writer, w);
          found.push_back(w);
        }));
        const auto& more = summaries.back().witnesses;
        witnesses.insert(witnesses.end(), more.begin(), more.end());
      }
    }
    EXPECT_EQ(witnesses.size(), writers);
    EXPECT_NO_THROW(journal_reader(leader).check_witnesses(summaries, witnesses));
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
  }
}

TEST(journal, a_writer_whose_files_are_gone_is_missed) {
  crash_storage files;
  counting_run run(files);
  run.start();
  run.open();
  run.folder().adopt(2, time_point{});  // as if there had been a second one
  testing::drive(files, [&] { return run.folder().ready(); });
  crash_storage next(files.after_kill());
  counting_run again(next);
  EXPECT_THROW(again.start(), journal_damaged);
}

TEST(journal, appending_allocates_nothing) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "a sanitizer has its own operator new";
  crash_storage files;
  counting_run run(files, {durability::written, 1 << 20});
  run.begin();
  const std::vector<std::byte> payload(64);
  const auto append_many = [&] {
    for (int i = 0; i < 1000; ++i) run.log->append(1, payload);
  };
  append_many();
  run.settle();
  const std::uint64_t before = test::allocations();
  append_many();
  EXPECT_EQ(test::allocations(), before);
}

TEST(journal, destroyed_while_a_force_is_under_way) {
  crash_storage files;
  {
    counting_run run(files);
    run.begin();
    run.count(1);
    run.log->poll();
    EXPECT_TRUE(files.busy());
  }
  while (files.busy()) deliver_completions(files);
}

TEST(journal, on_a_file_system) {
  const testing::scratch_directory scratch;
  const std::string& root = scratch.path();
  for (const durability kept : {durability::synced, durability::written}) {
    const auto live = [&](std::uint64_t expected) {
      posix::file_storage files({.shared_root = root, .node_root = root});
      {
        counting_run run(files, {kept, 64 * 1024});
        run.begin();
        EXPECT_EQ(run.found, expected);
        for (int group = 0; group < 30; ++group) {
          run.count(100);
          run.settle();
          if (group % 10 == 9) run.compact();
        }
        EXPECT_EQ(run.acknowledged, expected + 3000);
      }
      while (files.busy()) deliver_completions(files);
    };
    live(0);
    live(3000);
    live(6000);
    std::filesystem::remove_all(root + "/" + std::string(testing::journal_path));
  }
}

}  // namespace
}  // namespace weft
