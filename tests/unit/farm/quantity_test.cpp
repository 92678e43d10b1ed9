// SPDX-License-Identifier: BSL-1.0
#include "farm/quantity.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weft::farm;
using namespace std::chrono_literals;

TEST(quantity, times) {
  EXPECT_EQ(parse_time("90"), 90s);
  EXPECT_EQ(parse_time("1.5h"), 90min);
  EXPECT_EQ(parse_time("250ms"), 250ms);
  EXPECT_EQ(parse_time("2d"), 48h);
  EXPECT_EQ(parse_time("1:30:00"), 90min);
  EXPECT_EQ(parse_time("5:07"), 307s);
  for (const char* wrong : {"", "x", "-1", "1x", "1:", ":1", "1:2:3:4", "1e999", "nan", "inf", "99999999999d", "5 s"}) {
    EXPECT_FALSE(parse_time(wrong)) << wrong;
  }
}

TEST(quantity, texts) {
  EXPECT_EQ(time_text(0.25), "0.25 s");
  EXPECT_EQ(time_text(42.4), "42 s");
  EXPECT_EQ(time_text(307), "5:07");
  EXPECT_EQ(time_text(5400), "1:30:00");
}

TEST(quantity, bytes) {
  EXPECT_EQ(parse_bytes("4096"), 4096U);
  EXPECT_EQ(parse_bytes("64K"), 65536U);
  EXPECT_EQ(parse_bytes("1.5MiB"), 1572864U);
  EXPECT_EQ(parse_bytes("2GB"), 2147483648U);
  for (const char* wrong : {"", "K", "1X", "-1", "1KK", "99999999T"}) EXPECT_FALSE(parse_bytes(wrong)) << wrong;
}

}  // namespace
