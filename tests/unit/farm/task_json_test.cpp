// SPDX-License-Identifier: BSL-1.0
#include "farm/task_json.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include <weft/core/error.hpp>

#include "farm/task_list.hpp"

namespace {

using namespace weft::farm;
using namespace std::chrono_literals;

std::string reason(const std::string& line) {
  try {
    parse_task_json(line);
  } catch (const weft::usage_error& refused) {
    return refused.what();
  }
  return "accepted";
}

TEST(task_json, every_key_is_taken) {
  const task made = parse_task_json(
      R"({"command": "sim 3", "cwd": "run3", "env": {"B": "2", "A": 1}, "priority": -5, "time_limit": "1:30:00",
          "retries": 2, "cores": 4, "id": "s3", "after": ["prep", 1]})");
  EXPECT_EQ(made.command, "sim 3");
  EXPECT_EQ(made.directory, "run3");
  EXPECT_EQ(made.environment, (std::vector<std::string>{"A=1", "B=2"}));
  EXPECT_EQ(made.priority, -5);
  EXPECT_EQ(made.time_limit, 5400s);
  EXPECT_EQ(made.retries, 2);
  EXPECT_EQ(made.cores, 4);
  EXPECT_EQ(made.name, "s3");
  EXPECT_EQ(made.after, (std::vector<std::string>{"prep", "1"}));
}

TEST(task_json, what_is_wrong_is_said) {
  const std::pair<const char*, const char*> cases[] = {
      {"{}", "no \"command\""},
      {"[1]", "not a JSON object"},
      {"{\"command\": \"a\"", "not a JSON object"},
      {"{\"command\": \"a\"} x", "not a JSON object"},
      {R"({"command": 3})", "\"command\" must be a string"},
      {R"({"command": "  "})", "\"command\" is empty"},
      {R"({"command": "a\u0000b"})", "without NUL"},
      {R"({"command": "a", "command": "b"})", "stands twice"},
      {R"({"command": "a", "comand": "b"})", "unknown key \"comand\""},
      {R"({"command": "a", "cores": 0})", "\"cores\" must be a whole number from 1"},
      {R"({"command": "a", "cores": 1.5})", "\"cores\" must be a whole number"},
      {R"({"command": "a", "priority": 99999999999})", "\"priority\""},
      {R"({"command": "a", "retries": -1})", "\"retries\""},
      {R"({"command": "a", "time_limit": "soon"})", "\"time_limit\""},
      {R"({"command": "a", "time_limit": -1})", "\"time_limit\""},
      {R"({"command": "a", "env": {"A=": "1"}})", "no name of a variable"},
      {R"({"command": "a", "env": ["A"]})", "\"env\""},
      {R"({"command": "a", "name": "x", "id": "y"})", "are the same"},
      {R"({"command": "a", "after": [""]})", "\"after\""},
  };
  for (const auto& [line, why] : cases) EXPECT_NE(reason(line).find(why), std::string::npos) << line << reason(line);
}

TEST(task_json, what_is_stored_is_read_back) {
  task made =
      parse_task_json(R"({"command": "a 'b'\n\"c\"", "name": "n", "env": {"A": "="}, "time_limit": 0.25, "cores": 2})");
  made.id = 12;
  made.parents = {3, 4};
  made.after = {"3", "4"};
  EXPECT_EQ(parse_stored_line(stored_line(made)), made);
  const task no_text{7, "echo \xff\xfe"};
  EXPECT_EQ(parse_stored_line(stored_line(no_text)), no_text);
}

std::vector<task> parse(const std::string& text) {
  task_parser parser("list");
  parser.feed(text);
  return parser.finish();
}
std::string list_reason(const std::string& text) {
  try {
    parse(text);
  } catch (const weft::usage_error& refused) {
    return refused.what();
  }
  return "accepted";
}

TEST(task_list_of_objects, is_recognised_and_linked) {
  const auto tasks =
      parse("# list\n{\"command\": \"a\", \"after\": \"late\"}\n\n{\"command\": \"b\", \"id\": \"late\"}\n");
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[0].parents, (std::vector<std::uint64_t>{4}));
  EXPECT_EQ(parse("{ echo group; }\n").front().command, "{ echo group; }");
}

TEST(task_list_of_objects, errors_have_the_line) {
  EXPECT_NE(list_reason("{\"command\": \"a\"}\necho b\n").find("line 2 of the task list 'list': not a JSON"),
            std::string::npos);
  EXPECT_NE(list_reason("{\"command\": \"a\", \"after\": \"b\"}\n")
                .find("line 1 of the task list 'list': \"after\": there is no task 'b'"),
            std::string::npos);
  EXPECT_NE(
      list_reason("{\"command\": \"a\", \"name\": \"x\"}\n{\"command\": \"a\", \"name\": \"x\"}\n").find("line 2"),
      std::string::npos);
}

TEST(task_list_of_objects, circles_are_found) {
  const std::string why = list_reason(
      "{\"command\": \"a\"}\n{\"command\": \"b\", \"after\": 3}\n{\"command\": \"c\", \"after\": [4, 1]}\n"
      "{\"command\": \"d\", \"after\": 2}\n");
  EXPECT_NE(why.find("tasks wait for each other: 2 after 3 after 4 after 2"), std::string::npos) << why;
  EXPECT_NE(list_reason("{\"command\": \"b\", \"after\": 1}\n").find("1 after 1"), std::string::npos);
}

}  // namespace
