// SPDX-License-Identifier: BSL-1.0
#include "farm/results_directory.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include <weft/core/error.hpp>

#include "support/fake_storage.hpp"

namespace {

using namespace weft;
using farm::results_directory;

class results_directory_test : public ::testing::Test {
 protected:
  void write(const std::string& path) {
    file_id file = file_id::none;
    ASSERT_TRUE(files.open(file_space::shared, path, open_mode::create, file)) << path;
    files.close(file);
  }
  void make(const std::string& path) { ASSERT_TRUE(files.make_directory(file_space::shared, path)); }
  bool has(const std::string& path) const { return disk->files.count(path) + disk->directories.count(path) != 0; }

  std::shared_ptr<weft::testing::fake_disk> disk = std::make_shared<weft::testing::fake_disk>();
  weft::testing::fake_storage files{disk, std::make_shared<weft::testing::fake_disk>(), [] { return time_point{}; }};
  results_directory directory{"a.weft"};
};

TEST_F(results_directory_test, has_one_output_log_for_each_node) {
  EXPECT_EQ(directory.results_file(), "a.weft/results.jsonl");
  EXPECT_EQ(directory.output_of_node("node7.site"), "a.weft/output/node7.site");
  EXPECT_EQ(directory.output_of_node("../x y"), "a.weft/output/.._x_y");
}

TEST_F(results_directory_test, says_what_is_in_it) {
  EXPECT_EQ(look_into(files, directory), farm::directory_content::nothing);
  make("a.weft");
  write("a.weft/results.jsonl");
  EXPECT_EQ(look_into(files, directory), farm::directory_content::results);
  make("a.weft/journal");
  write("a.weft/tasks.jsonl");
  EXPECT_EQ(look_into(files, directory), farm::directory_content::batch);
}

TEST_F(results_directory_test, is_made_with_its_parents) {
  prepare(files, results_directory("x/y"), false);
  EXPECT_TRUE(has("x/y/output"));
}

TEST_F(results_directory_test, may_be_there_without_results) {
  make("a.weft");
  write("a.weft/notes");
  prepare(files, directory, false);
  EXPECT_TRUE(has("a.weft/notes"));
}

TEST_F(results_directory_test, with_results_is_refused_with_the_cure_and_left_alone) {
  make("a.weft/output");
  write("a.weft/results.jsonl");
  write("a.weft/output/n.log");
  try {
    prepare(files, directory, false);
    FAIL() << "was not refused";
  } catch (const usage_error& refused) {
    const std::string text = refused.what();
    EXPECT_NE(text.find("a.weft/results.jsonl"), std::string::npos) << text;
    EXPECT_NE(text.find("--results"), std::string::npos) << text;
    EXPECT_NE(text.find("--overwrite"), std::string::npos) << text;
  }
  EXPECT_TRUE(has("a.weft/results.jsonl"));
  EXPECT_TRUE(has("a.weft/output/n.log"));
}

TEST_F(results_directory_test, overwriting_removes_what_a_batch_made_and_nothing_else) {
  make("a.weft/output");
  make("a.weft/journal");
  for (const char* name : {"results.jsonl", "tasks.jsonl", "notes", "output/n.log", "output/n.index", "output/mine",
                           "journal/epoch", "journal/lock", "journal/00000001-00000000-00000000.journal"}) {
    write(std::string("a.weft/") + name);
  }
  prepare(files, directory, true);
  for (const char* gone : {"results.jsonl", "tasks.jsonl", "output/n.log", "output/n.index", "journal"}) {
    EXPECT_FALSE(has(std::string("a.weft/") + gone)) << gone;
  }
  for (const char* stays : {"notes", "output", "output/mine"}) {
    EXPECT_TRUE(has(std::string("a.weft/") + stays)) << stays;
  }
}

TEST_F(results_directory_test, a_file_in_its_place_is_refused) {
  write("a.weft");
  EXPECT_THROW(prepare(files, directory, false), usage_error);
}

}  // namespace
