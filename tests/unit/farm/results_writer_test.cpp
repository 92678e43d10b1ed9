// SPDX-License-Identifier: BSL-1.0
#include "farm/results_writer.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include <weft/core/error.hpp>

#include "support/fake_storage.hpp"

namespace {

using namespace weft;
using farm::results_writer;

class results_writer_test : public ::testing::Test {
 protected:
  std::string written() const {
    const auto& data = disk->files.at("r")->data;
    return {reinterpret_cast<const char*>(data.data()), data.size()};
  }
  std::shared_ptr<weft::testing::fake_disk> disk = std::make_shared<weft::testing::fake_disk>();
  weft::testing::fake_storage files{disk, std::make_shared<weft::testing::fake_disk>(), [] { return time_point{}; }};
};

TEST_F(results_writer_test, holds_lines_back_until_it_is_told) {
  results_writer results(files, "r");
  results.append("one\n");
  EXPECT_EQ(written(), "");
  results.flush();
  results.append("two\n");
  results.flush();
  EXPECT_EQ(written(), "one\ntwo\n");
}

TEST_F(results_writer_test, writes_by_itself_when_there_is_much) {
  results_writer results(files, "r");
  for (int i = 0; i < 2000; ++i) results.append(std::string(99, 'x') + "\n");
  EXPECT_GT(written().size(), 100'000U);
}

TEST_F(results_writer_test, writes_the_rest_when_it_is_destroyed) {
  { results_writer(files, "r").append("last\n"); }
  EXPECT_EQ(written(), "last\n");
}

TEST_F(results_writer_test, goes_on_behind_what_is_there) {
  { results_writer(files, "r").append("mine\n"); }
  { results_writer(files, "r").append("more\n"); }
  EXPECT_EQ(written(), "mine\nmore\n");
}

TEST_F(results_writer_test, takes_its_name_back_at_the_end) {
  results_writer results(files, "r");
  results.append("mine\n");
  results.keep_name();
  EXPECT_EQ(written(), "mine\n");
  { results_writer(files, "other").append("of an earlier run\n"); }
  ASSERT_TRUE(files.rename(file_space::shared, "other", "r"));
  EXPECT_EQ(written(), "of an earlier run\n");
  results.append("mine too\n");
  results.keep_name();
  EXPECT_EQ(written(), "mine\nmine too\n");
}

TEST_F(results_writer_test, a_full_disk_is_reported_and_loses_nothing) {
  results_writer results(files, "r");
  disk->free_bytes = 2;
  results.append("line\n");
  EXPECT_THROW(results.flush(), error);
  disk->free_bytes = 100;
  results.flush();
  EXPECT_EQ(written(), "line\n");
}

}  // namespace
