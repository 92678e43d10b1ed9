// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>
#include <weft/core/log.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;

struct recorder {
  std::vector<std::string> lines;
  std::chrono::nanoseconds now{0};
  log_output output() {
    return {this, [](void* self, std::string_view line) { static_cast<recorder*>(self)->lines.emplace_back(line); },
            [](void* self) { return static_cast<recorder*>(self)->now; }};
  }
};

TEST(log, format) {
  recorder out;
  out.now = 12'345ms;
  logger(log_level::warn, 7, 64, out.output()).warn("queue", "text");
  out.now = 123'456'789'012us;
  logger(log_level::warn, 0, 1, out.output()).error("", "no room");
  EXPECT_EQ(out.lines,
            (std::vector<std::string>{"[   12.345 r07/64] W queue: text\n", "[123456.789 r0/1] E no room\n"}));
}

TEST(log, levels_and_who_speaks) {
  const log_level all[] = {log_level::error, log_level::warn, log_level::info, log_level::debug};
  for (const log_level level : all) {
    for (const int rank : {0, 1}) {
      recorder out;
      const logger log(level, rank, 2, out.output());
      log.error("a", "");
      log.warn("a", "");
      log.info("a", "");
      log.debug("a", "");
      std::string letters;
      for (const auto& line : out.lines) letters += line[line.find(']') + 2];
      std::string expected = std::string("EWID").substr(0, static_cast<std::size_t>(level) + 1);
      if (rank != 0 && level >= log_level::info) expected.erase(2, 1);
      EXPECT_EQ(letters, expected);
      for (const log_level asked : all)
        EXPECT_EQ(log.enabled(asked), letters.find("EWID"[static_cast<int>(asked)]) != std::string::npos);
    }
  }
}

TEST(log, each_line_has_its_head_and_write) {
  recorder out;
  logger(log_level::info, 0, 10, out.output()).info("run", "one\ntwo\n");
  EXPECT_EQ(out.lines,
            (std::vector<std::string>{"[    0.000 r00/10] I run: one\n", "[    0.000 r00/10] I run: two\n"}));
}

TEST(log, silent_without_output) {
  const logger log;
  EXPECT_FALSE(log.enabled(log_level::error));
  log.error("a", "goes nowhere");
}

}  // namespace
}  // namespace weft
