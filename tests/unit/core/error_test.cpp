// SPDX-License-Identifier: BSL-1.0
#include <weft/core/error.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

TEST(error, carries_its_text_and_the_line_that_made_it) {
  const weft::error e("cause", {});
  EXPECT_STREQ(e.what(), "cause");
}

TEST(error, names_the_optional_part_that_a_world_lacks) {
  const weft::not_supported e("window");
  EXPECT_NE(std::string(e.what()).find("window"), std::string::npos);
}

TEST(error, mismatch_holds_who_and_how_much) {
  const weft::message_mismatch e("too long", 3, 17, 8, 24, {});
  EXPECT_EQ(e.source(), 3);
  EXPECT_EQ(e.tag(), 17);
  EXPECT_EQ(e.expected_bytes(), 8U);
  EXPECT_EQ(e.received_bytes(), 24U);
}

}  // namespace
