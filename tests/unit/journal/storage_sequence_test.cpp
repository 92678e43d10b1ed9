// SPDX-License-Identifier: BSL-1.0
#include <weft/journal/storage_sequence.hpp>

#include <gtest/gtest.h>

#include <memory>

#include "support/fake_storage.hpp"

namespace {

using weft::detail::storage_sequence;
using weft::detail::storage_wait;
using weft::testing::fake_disk;
using weft::testing::fake_storage;

struct storage_sequence_test : ::testing::Test {
  std::shared_ptr<fake_disk> disk = std::make_shared<fake_disk>();
  std::unique_ptr<fake_storage> files = std::make_unique<fake_storage>(disk, disk, [] { return weft::time_point{}; });
  weft::file_id file = weft::file_id::none;
  std::shared_ptr<int> held = std::make_shared<int>();  ///< has one owner more for each frame that lives

  void SetUp() override {
    ASSERT_TRUE(files->open(weft::file_space::shared, "file", weft::open_mode::create, file));
  }
  storage_sequence forces(int times) {
    const std::shared_ptr<int> mine = held;
    for (int i = 0; i < times; ++i) {
      const weft::storage_result result = co_await storage_wait::sync(*files, file);
      *mine += result ? 1 : 0;
    }
  }
};

TEST_F(storage_sequence_test, goes_from_one_operation_to_the_next) {
  storage_sequence both = forces(2);
  while (both.under_way()) weft::deliver_completions(*files);
  EXPECT_EQ(*held, 2);
}

TEST_F(storage_sequence_test, goes_with_its_operation_when_it_was_abandoned) {
  { const storage_sequence first = forces(2), second = forces(1), third = forces(1); }
  EXPECT_EQ(held.use_count(), 4);
  while (files->busy()) weft::deliver_completions(*files);
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(*held, 0);
}

TEST_F(storage_sequence_test, goes_with_its_storage_when_that_ends_first) {
  { const storage_sequence first = forces(2), second = forces(1); }
  EXPECT_EQ(held.use_count(), 3);
  files.reset();
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
