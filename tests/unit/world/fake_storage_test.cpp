// SPDX-License-Identifier: BSL-1.0
#include "support/fake_storage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>

#include <weft/core/error.hpp>

namespace {

using weft::file_id;
using weft::file_space;
using weft::lock_kind;
using weft::open_mode;
using weft::storage_completion;
using weft::storage_status;
using weft::testing::fake_disk;
using weft::testing::fake_storage;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

struct fake_storage_test : ::testing::Test {
  std::shared_ptr<fake_disk> disk = std::make_shared<fake_disk>(), node = std::make_shared<fake_disk>();
  weft::time_point now{};
  fake_storage files{disk, node, [this] { return now; }}, other{disk, node, [this] { return now; }};
  std::array<storage_completion, 4> done{};

  file_id open(fake_storage& where, std::string_view path, open_mode mode) {
    file_id file = file_id::none;
    const weft::storage_result opened = where.open(file_space::shared, path, mode, file);
    EXPECT_TRUE(opened) << path;
    return file;
  }
  std::string read(fake_storage& where, file_id file) {
    std::string text(100, ' ');
    std::size_t n = 0;
    EXPECT_TRUE(where.read(file, 0, std::as_writable_bytes(std::span(text)), n));
    return text.substr(0, n);
  }
  storage_status sync(file_id file) {
    files.sync(file, nullptr);
    EXPECT_EQ(files.poll(done), 1u);
    return done[0].result.status;
  }
};

TEST_F(fake_storage_test, what_is_written_is_read_by_all_who_open_the_file) {
  const file_id mine = open(files, "a", open_mode::create);
  EXPECT_TRUE(files.write(mine, 3, bytes("def")));
  EXPECT_TRUE(files.write(mine, 0, bytes("abc")));
  const file_id theirs = open(other, "/a", open_mode::read_only);
  EXPECT_EQ(read(other, theirs), "abcdef");
  EXPECT_EQ(other.write(theirs, 0, bytes("x")).status, storage_status::denied);
  EXPECT_TRUE(files.truncate(mine, 2));
  std::uint64_t size = 0;
  EXPECT_TRUE(other.size(theirs, size));
  EXPECT_EQ(size, 2u);
}

TEST_F(fake_storage_test, open_modes) {
  file_id file = file_id::none;
  EXPECT_EQ(files.open(file_space::shared, "a", open_mode::read_only, file).status, storage_status::missing);
  EXPECT_EQ(files.open(file_space::shared, "a", open_mode::read_write, file).status, storage_status::missing);
  EXPECT_EQ(files.open(file_space::shared, "d/a", open_mode::create, file).status, storage_status::missing);
  EXPECT_TRUE(files.open(file_space::shared, "a", open_mode::create_exclusive, file));
  EXPECT_EQ(files.open(file_space::shared, "a", open_mode::create_exclusive, file).status, storage_status::exists);
  EXPECT_EQ(files.open(file_space::node, "a", open_mode::read_only, file).status, storage_status::missing);
  files.close(file);
  EXPECT_THROW(files.close(file), weft::world_error);
}

TEST_F(fake_storage_test, a_failed_sync_is_final_for_its_file) {
  const file_id bad = open(files, "bad", open_mode::create);
  const file_id good = open(files, "good", open_mode::create);
  disk->next_sync = {storage_status::failed, 5};
  EXPECT_EQ(sync(bad), storage_status::failed);
  EXPECT_EQ(sync(bad), storage_status::failed);
  EXPECT_EQ(sync(good), storage_status::ok);
  files.sync_directory(file_space::shared, "nowhere", nullptr);
  EXPECT_TRUE(files.busy());
  ASSERT_EQ(files.poll(done), 1u);
  EXPECT_EQ(done[0].result.status, storage_status::missing);
  EXPECT_FALSE(files.busy());
}

TEST_F(fake_storage_test, a_full_disk_refuses) {
  const file_id file = open(files, "a", open_mode::create);
  disk->free_bytes = 4;
  EXPECT_EQ(files.preallocate(file, 5).status, storage_status::no_space);
  EXPECT_EQ(files.write(file, 0, bytes("12345")).status, storage_status::no_space);
  EXPECT_TRUE(files.write(file, 0, bytes("1234")));
  std::uint64_t free = 1;
  EXPECT_TRUE(files.free_space(file_space::shared, "", free));
  EXPECT_EQ(free, 0u);
}

TEST_F(fake_storage_test, locks_wait_and_time_out) {
  const file_id mine = open(files, "a", open_mode::create);
  const file_id theirs = open(other, "a", open_mode::read_write);
  files.lock(mine, lock_kind::exclusive, weft::never, nullptr);
  EXPECT_EQ(files.poll(done), 1u);
  EXPECT_TRUE(done[0].result);
  other.lock(theirs, lock_kind::shared, now + std::chrono::seconds(1), nullptr);
  EXPECT_EQ(other.poll(done), 0u);
  now += std::chrono::seconds(1);
  ASSERT_EQ(other.poll(done), 1u);
  EXPECT_EQ(done[0].result.status, storage_status::timed_out);
  other.lock(theirs, lock_kind::shared, weft::never, nullptr);
  EXPECT_EQ(other.poll(done), 0u);
  files.close(mine);
  ASSERT_EQ(other.poll(done), 1u);
  EXPECT_TRUE(done[0].result);
}

TEST_F(fake_storage_test, names_are_made_listed_moved_and_removed) {
  EXPECT_TRUE(files.make_directory(file_space::shared, "d/e"));
  const file_id file = open(files, "d/a", open_mode::create);
  EXPECT_TRUE(files.write(file, 0, bytes("1")));
  open(files, "d/b", open_mode::create);
  EXPECT_TRUE(files.rename(file_space::shared, "d/a", "d/b"));
  EXPECT_TRUE(files.replace_link(file_space::shared, "b", "d/current"));
  EXPECT_EQ(read(files, open(files, "d/current", open_mode::read_only)), "1");
  std::vector<weft::directory_entry> entries;
  EXPECT_TRUE(files.list(file_space::shared, "d", entries));
  std::vector<std::string> names;
  for (const auto& e : entries) names.push_back(e.name + (e.is_directory ? "/" : ""));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"b", "current", "e/"}));
  EXPECT_EQ(files.remove(file_space::shared, "d").status, storage_status::failed);
  EXPECT_TRUE(files.remove(file_space::shared, "d/b"));
  EXPECT_TRUE(files.remove(file_space::shared, "d/current"));
  EXPECT_TRUE(files.remove(file_space::shared, "d/e"));
  EXPECT_TRUE(files.remove(file_space::shared, "d"));
  EXPECT_EQ(files.remove(file_space::shared, "d").status, storage_status::missing);
}

}  // namespace
