// SPDX-License-Identifier: BSL-1.0
#include <weft/core/bytes.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace weft {
namespace {

std::string text_of(const byte_buffer& buffer) { return {reinterpret_cast<const char*>(buffer.data()), buffer.size()}; }

TEST(byte_buffer, keeps_what_was_appended_while_it_grows) {
  byte_buffer buffer;
  std::string expected;
  for (int i = 0; i < 10'000; ++i) {
    std::string part = std::to_string(i);
    buffer.append(part.data(), part.size());
    expected += part;
  }
  EXPECT_EQ(text_of(buffer), expected);
}

TEST(byte_buffer, clearing_keeps_the_storage) {
  byte_buffer buffer(1000);
  const std::byte* storage = buffer.data();
  for (int i = 0; i < 10; ++i) {
    buffer.clear();
    buffer.resize(1000);
    EXPECT_EQ(buffer.data(), storage);
  }
  EXPECT_EQ(buffer.capacity(), 1000u);
}

TEST(byte_buffer, moves_carry_the_content) {
  byte_buffer first;
  first.append("text", 4);
  byte_buffer second(std::move(first));
  EXPECT_EQ(text_of(second), "text");
  byte_buffer third;
  third = std::move(second);
  EXPECT_EQ(text_of(third), "text");
}

TEST(byte_buffer, appending_nothing_to_nothing) {
  byte_buffer buffer;
  buffer.append(nullptr, 0);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.bytes().size(), 0u);
}

TEST(byte_buffer, impossible_growth_throws_and_changes_nothing) {
  byte_buffer buffer;
  buffer.append("text", 4);
  EXPECT_THROW(buffer.reserve_more(SIZE_MAX - 2), std::bad_alloc);
  EXPECT_EQ(text_of(buffer), "text");
}

}  // namespace
}  // namespace weft
