// SPDX-License-Identifier: BSL-1.0
#include "farm/stored_tasks.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include <weft/core/error.hpp>

#include "farm/text_file.hpp"
#include "support/fake_storage.hpp"

namespace {

using namespace weft;

std::vector<farm::task> some_tasks(std::uint64_t count) {
  std::vector<farm::task> tasks(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    tasks[i].id = i + 1;
    tasks[i].command = "work " + std::to_string(i + 1);
  }
  return tasks;
}

class stored_tasks_test : public ::testing::Test {
 protected:
  std::uint64_t store(std::uint64_t count) { return store_tasks(files, "tasks", 0, some_tasks(count), 0); }
  void add(const std::string& text) {
    const std::string before = farm::read_text_file(files, "tasks", "it");
    farm::write_text_file(files, "tasks", before + text);
  }

  std::shared_ptr<weft::testing::fake_disk> disk = std::make_shared<weft::testing::fake_disk>();
  weft::testing::fake_storage files{disk, std::make_shared<weft::testing::fake_disk>(), [] { return time_point{}; }};
};

TEST_F(stored_tasks_test, are_read_as_they_were_stored) {
  const std::uint64_t bytes = store(3);
  EXPECT_EQ(farm::read_stored_tasks(files, "tasks", bytes), some_tasks(3));
  EXPECT_EQ(farm::read_stored_tasks(files, "tasks"), some_tasks(3));
}

TEST_F(stored_tasks_test, end_where_a_power_cut_has_left_none_unless_a_record_says_that_there_are_more) {
  for (const std::string& torn : {std::string("{\"id\":4,"), std::string("\n"), std::string(40, '\0') + "\nmore\n"}) {
    const std::uint64_t bytes = store(3);
    add(torn);
    EXPECT_EQ(farm::read_stored_tasks(files, "tasks"), some_tasks(3));
    EXPECT_EQ(farm::read_stored_tasks(files, "tasks", bytes), some_tasks(3));
    EXPECT_THROW(farm::read_stored_tasks(files, "tasks", bytes + torn.size()), error);
    EXPECT_THROW(farm::read_stored_tasks(files, "tasks", bytes + torn.size() + 1), error);
  }
}

}  // namespace
