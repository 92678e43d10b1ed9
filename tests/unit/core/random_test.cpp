// SPDX-License-Identifier: BSL-1.0
#include <weft/core/random.hpp>

#include <gtest/gtest.h>

#include <array>

namespace weft {
namespace {

TEST(random_source, gives_the_published_numbers) {
  // The first outputs of splitmix64 for seed 1234567, as in its reference implementation's documentation.
  random_source random(1234567);
  EXPECT_EQ(random(), 6457827717110365317u);
  EXPECT_EQ(random(), 3203168211198807973u);
  EXPECT_EQ(random(), 9817491932198370423u);
}

TEST(random_source, below_is_even_and_in_bounds) {
  random_source random(5);
  std::array<int, 6> counts{};
  for (int i = 0; i < 60000; ++i) {
    const auto draw = random.below(6);
    ASSERT_LT(draw, 6u);
    ++counts[draw];
  }
  for (int count : counts) EXPECT_NEAR(count, 10000, 400);
}

TEST(random_source, below_takes_bounds_beyond_32_bits) {
  random_source random(9);
  constexpr std::uint64_t bound = 3ull << 40;
  bool high = false;
  for (int i = 0; i < 1000; ++i) {
    const auto draw = random.below(bound);
    ASSERT_LT(draw, bound);
    high |= draw > bound / 2;
  }
  EXPECT_TRUE(high);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0u);
}

}  // namespace
}  // namespace weft
