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

TEST_F(results_directory_test, names_a_thousand_ids_per_folder) {
  EXPECT_EQ(directory.results_file(), "a.weft/results.jsonl");
  EXPECT_EQ(directory.output_file(7, output_stream::out), "a.weft/output/0/7.out");
  EXPECT_EQ(directory.output_file(12345, output_stream::err), "a.weft/output/12/12345.err");
  EXPECT_EQ(directory.running_file(3, 1, output_stream::out), "a.weft/output/.rank3-slot1.out");
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
  make("a.weft/output/0");
  write("a.weft/results.jsonl");
  write("a.weft/output/0/7.out");
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
  EXPECT_TRUE(has("a.weft/output/0/7.out"));
}

TEST_F(results_directory_test, overwriting_removes_what_a_batch_made_and_nothing_else) {
  make("a.weft/output/0");
  make("a.weft/output/1");
  write("a.weft/results.jsonl");
  write("a.weft/notes");
  write("a.weft/output/.rank0-slot0.err");
  write("a.weft/output/0/7.out");
  write("a.weft/output/0/7.err");
  write("a.weft/output/1/1001.out");
  write("a.weft/output/1/mine.out");
  prepare(files, directory, true);
  for (const char* gone : {"results.jsonl", "output/.rank0-slot0.err", "output/0", "output/1/1001.out"}) {
    EXPECT_FALSE(has(std::string("a.weft/") + gone)) << gone;
  }
  for (const char* stays : {"notes", "output", "output/1/mine.out"}) {
    EXPECT_TRUE(has(std::string("a.weft/") + stays)) << stays;
  }
}

TEST_F(results_directory_test, a_file_in_its_place_is_refused) {
  write("a.weft");
  EXPECT_THROW(prepare(files, directory, false), usage_error);
}

TEST_F(results_directory_test, errors_say_more_about_a_failure_than_output) {
  make("a.weft/output/0");
  EXPECT_EQ(most_telling_output(files, directory, 7), "");
  write("a.weft/output/0/7.out");
  EXPECT_EQ(most_telling_output(files, directory, 7), "a.weft/output/0/7.out");
  write("a.weft/output/0/7.err");
  EXPECT_EQ(most_telling_output(files, directory, 7), "a.weft/output/0/7.err");
}

}  // namespace
