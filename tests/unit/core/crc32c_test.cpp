// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <array>
#include <string_view>
#include <vector>
#include <weft/core/crc32c.hpp>
#include <weft/core/random.hpp>

namespace weft {
namespace {

TEST(crc32c, published_values) {
  // RFC 3720, appendix B.4, and the check value of the catalogue of parametrised CRC algorithms.
  std::array<unsigned char, 32> bytes{};
  EXPECT_EQ(crc32c(bytes.data(), bytes.size()), 0x8a9136aau);
  bytes.fill(0xff);
  EXPECT_EQ(crc32c(bytes.data(), bytes.size()), 0x62a8ab43u);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i);
  EXPECT_EQ(crc32c(bytes.data(), bytes.size()), 0x46dd794eu);
  EXPECT_EQ(crc32c("123456789", 9), 0xe3069283u);
  EXPECT_EQ(crc32c(nullptr, 0), 0u);
}

TEST(crc32c, instruction_and_tables_agree_at_every_length_and_alignment) {
  random_source random(7);
  std::vector<unsigned char> bytes(300);
  for (unsigned char& b : bytes) b = static_cast<unsigned char>(random());
  for (std::size_t from = 0; from < 9; ++from) {
    for (std::size_t count = 0; count + from <= bytes.size(); ++count) {
      const auto seed = static_cast<std::uint32_t>(random());
      ASSERT_EQ(crc32c(&bytes[0] + from, count, seed), detail::crc32c_portable(&bytes[0] + from, count, seed));
    }
  }
}

TEST(crc32c, pieces_sum_to_the_whole) {
  constexpr std::string_view text = "ranks hold a shared lock";
  const std::uint32_t whole = crc32c(text.data(), text.size());
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::uint32_t first = crc32c(text.data(), cut);
    EXPECT_EQ(crc32c(text.data() + cut, text.size() - cut, first), whole);
  }
}

}  // namespace
}  // namespace weft
