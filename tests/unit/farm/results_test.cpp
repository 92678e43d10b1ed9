// SPDX-License-Identifier: BSL-1.0
#include "farm/results.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace {

using weft::farm::result_line;
using weft::farm::task_result;

TEST(result_line, has_the_keys_in_order) {
  EXPECT_EQ(result_line({7, "exit 3", 3, 0, 0.25, 1, 2}),
            "{\"id\":7,\"command\":\"exit 3\",\"exit\":3,\"signal\":null,\"seconds\":0.25,\"rank\":1,\"attempt\":2}\n");
}

TEST(result_line, a_signal_leaves_no_exit_code) {
  const auto line = nlohmann::json::parse(result_line({7, "kill -9 $$", -1, 9, 0.25, 1, 1}));
  EXPECT_TRUE(line["exit"].is_null());
  EXPECT_EQ(line["signal"], 9);
}

TEST(result_line, any_command_makes_one_line_of_json) {
  const std::string command = "printf '\"\\\t\x01\xff\xc3\xa4'";
  const std::string line = result_line({1, command, 0, 0, 0, 0, 1});
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(nlohmann::json::parse(line)["command"], "printf '\"\\\t\x01\xef\xbf\xbd\xc3\xa4'");
}

TEST(task_result, only_exit_code_0_is_success) {
  EXPECT_TRUE((task_result{1, "", 0, 0, 0, 0, 1}.succeeded()));
  EXPECT_FALSE((task_result{1, "", 1, 0, 0, 0, 1}.succeeded()));
  EXPECT_FALSE((task_result{1, "", -1, 15, 0, 0, 1}.succeeded()));
}

}  // namespace
