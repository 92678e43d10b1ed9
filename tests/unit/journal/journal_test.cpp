// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include "counting_run.hpp"
#include "support/crash_storage.hpp"

namespace weft {
namespace {

using testing::count_type;
using testing::counting_run;
using testing::crash_storage;

constexpr journal_options small{durability::synced, 16 * 1024};

TEST(journal, what_was_acknowledged_is_read_back) {
  auto disk = std::make_shared<testing::fake_disk>();
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
}

}  // namespace
}  // namespace weft
