// SPDX-License-Identifier: BSL-1.0
#include "farm/task_template.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include <weft/core/error.hpp>

#include "farm/text_file.hpp"
#include "support/fake_storage.hpp"

namespace {

using namespace weft;
using namespace weft::farm;

std::vector<std::string> commands(const std::string& command, const std::vector<parameter>& parameters) {
  std::vector<std::string> all;
  for (const task& one : expand(command, parameters)) all.push_back(one.command);
  return all;
}

TEST(task_template, makes_every_combination_the_last_parameter_fastest) {
  EXPECT_EQ(commands("sim --x {x} {y}{x}", {{"x", {"1", "2"}}, {"y", {"a", "b"}}}),
            (std::vector<std::string>{"sim --x 1 a1", "sim --x 1 b1", "sim --x 2 a2", "sim --x 2 b2"}));
  EXPECT_EQ(expand("{x}", {{"x", {"1", "2"}}})[1].id, 2U);
}

TEST(task_template, leaves_other_braces_alone_and_quotes_values) {
  EXPECT_EQ(commands("echo ${x} {x} {z} {", {{"x", {"a b", "it's", ""}}}),
            (std::vector<std::string>{"echo ${x} 'a b' {z} {", "echo ${x} 'it'\\''s' {z} {", "echo ${x} '' {z} {"}));
}

TEST(task_template, refuses_what_is_no_template) {
  EXPECT_THROW(expand("echo", {{"x", {"1"}}}), usage_error);
  EXPECT_THROW(expand("{x}", {{"x", {"1"}}, {"x", {"2"}}}), usage_error);
  const std::vector<std::string> many(10'000, "v");
  EXPECT_THROW(expand("{x}{y}{z}", {{"x", many}, {"y", many}, {"z", many}}), usage_error);
}

TEST(task_template, reads_parameters) {
  const auto disk = std::make_shared<weft::testing::fake_disk>();
  weft::testing::fake_storage files(disk, std::make_shared<weft::testing::fake_disk>(), [] { return time_point{}; });
  write_text_file(files, "values", "one\r\n\n two words\n");
  EXPECT_EQ(parse_parameter("x=1,,b=c", files).values, (std::vector<std::string>{"1", "", "b=c"}));
  EXPECT_EQ(parse_parameter("y=@values", files).values, (std::vector<std::string>{"one", " two words"}));
  for (const char* wrong : {"x", "=1", "a b=1", "x=@missing"})
    EXPECT_THROW(parse_parameter(wrong, files), usage_error) << wrong;
}

}  // namespace
