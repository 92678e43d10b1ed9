// SPDX-License-Identifier: BSL-1.0
#include "farm/slot_output.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "support/fake_storage.hpp"

namespace {

using namespace weft;

class slot_output_test : public ::testing::Test {
 protected:
  slot_output_test() { prepare(files, directory, false); }
  /// As a task would: into the file that is there under this name.
  void write(const std::string& path, const std::string& text) {
    auto& data = disk->files.at(path)->data;
    for (const char c : text) data.push_back(static_cast<std::byte>(c));
  }
  std::string content(const std::string& path) const {
    const auto& data = disk->files.at(path)->data;
    return {reinterpret_cast<const char*>(data.data()), data.size()};
  }
  bool has(const std::string& path) const { return disk->files.count(path) != 0; }

  std::shared_ptr<weft::testing::fake_disk> disk = std::make_shared<weft::testing::fake_disk>();
  weft::testing::fake_storage files{disk, std::make_shared<weft::testing::fake_disk>(), [] { return time_point{}; }};
  farm::results_directory directory{"d"};
};

TEST_F(slot_output_test, silent_tasks_share_the_files_and_leave_none) {
  {
    farm::slot_output slot(files, directory, 2, 0);
    for (std::uint64_t id = 1; id <= 3; ++id) {
      slot.open();
      EXPECT_TRUE(has("d/output/.rank2-slot0.out"));
      slot.keep(id);
    }
  }
  EXPECT_TRUE(disk->files.empty());
}

TEST_F(slot_output_test, what_a_task_wrote_becomes_its_own_file) {
  farm::slot_output slot(files, directory, 0, 1);
  slot.open();
  write(slot.file(output_stream::out), "hello\n");
  slot.keep(1005);
  slot.open();
  write(slot.file(output_stream::err), "oops\n");
  slot.keep(2006);
  EXPECT_EQ(content("d/output/1/1005.out"), "hello\n");
  EXPECT_FALSE(has("d/output/1/1005.err"));
  EXPECT_EQ(content("d/output/2/2006.err"), "oops\n");
  EXPECT_FALSE(has("d/output/2/2006.out"));
}

TEST_F(slot_output_test, an_error_of_ours_stands_where_the_task_s_would) {
  farm::slot_output slot(files, directory, 0, 0);
  slot.open();
  slot.write_error("cannot start\n");
  slot.keep(1);
  EXPECT_EQ(content("d/output/0/1.err"), "cannot start\n");
}

}  // namespace
