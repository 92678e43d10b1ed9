// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <array>
#include <vector>
#include <weft/core/random.hpp>
#include <weft/journal/format.hpp>

namespace weft::journal_format {
namespace {

using content = std::vector<std::byte>;

TEST(journal_format, file_names) {
  const segment_name name{3, 0x12ab, 0xffffffff};
  EXPECT_EQ(file_name(name), "00000003-000012ab-ffffffff.journal");
  EXPECT_EQ(parse_file_name(file_name(name)), name);
  for (const char* other : {"", "epoch", "00000003-000012ab-ffffffff", "00000003-000012AB-ffffffff.journal",
                            "00000003_000012ab-ffffffff.journal", "00000003-000012ab-ffffffff.journal2"}) {
    EXPECT_FALSE(parse_file_name(other)) << other;
  }
}

TEST(journal_format, bytes_of_a_record) {
  // The example of docs/journal.md.
  content out(record_bytes(3));
  const std::array<std::byte, 3> payload{std::byte{'a'}, std::byte{'b'}, std::byte{'c'}};
  encode({3, 0x1122334455667788, 0x99, 7, 5, true}, payload, {}, record_seed(7, 1, 42), out.data());
  const std::array<unsigned char, 40> wanted{
      0xd0, 0xb4, 0xf4, 0x54, 3, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x99, 0, 0, 0,
      0,    0,    0,    0,    7, 0, 0, 0, 5,    0,    1,    0,    'a',  'b',  'c',  0,    0,    0, 0, 0};
  ASSERT_EQ(out.size(), wanted.size());
  for (std::size_t i = 0; i < out.size(); ++i) EXPECT_EQ(std::to_integer<int>(out[i]), wanted[i]) << i;
  const auto back = decode_record(out, record_seed(7, 1, 42));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->length, 3u);
  EXPECT_EQ(back->position, 0x1122334455667788u);
  EXPECT_EQ(back->acknowledged, 0x99u);
  EXPECT_EQ(back->epoch, 7u);
  EXPECT_EQ(back->type, 5u);
  EXPECT_TRUE(back->in_snapshot);
}

TEST(journal_format, a_record_of_another_journal_is_none) {
  content out(record_bytes(0));
  encode({0, 64, 0, 7, 5, false}, {}, {}, record_seed(7, 1, 42), out.data());
  EXPECT_TRUE(decode_record(out, record_seed(7, 1, 42)));
  EXPECT_FALSE(decode_record(out, record_seed(7, 2, 42)));
  EXPECT_FALSE(decode_record(out, record_seed(8, 1, 42)));
  EXPECT_FALSE(decode_record(out, record_seed(7, 1, 43)));
}

TEST(journal_format, any_flipped_bit_is_noticed) {
  content record(record_bytes(24));
  const content payload(24, std::byte{9});
  encode({24, 640, 64, 7, 5, false}, payload, {}, 99, record.data());
  content page(segment_header_bytes);
  encode(segment_header{{1, 2, 3}, 4, 5, 6, 7, true}, page);
  content epoch(epoch_bytes);
  encode(epoch_state{4, 3, 2, 1, true}, epoch);
  const auto flipped = [](content bytes, std::size_t bit) {
    bytes[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
    return bytes;
  };
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit)
    EXPECT_FALSE(decode_record(flipped(record, bit), 99)) << bit;
  for (std::size_t bit = 0; bit < 68 * 8; ++bit) EXPECT_FALSE(decode_segment_header(flipped(page, bit))) << bit;
  for (std::size_t bit = 0; bit < epoch.size() * 8; ++bit) EXPECT_FALSE(decode_epoch(flipped(epoch, bit))) << bit;
  EXPECT_EQ(decode_epoch(epoch), (epoch_state{4, 3, 2, 1, true}));
  EXPECT_EQ(decode_segment_header(page)->bytes, 7u);
}

TEST(journal_format, rubbish_and_pieces_are_no_records) {
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    random_source random(seed);
    content bytes(random.below(200));
    for (std::byte& b : bytes) b = random.below(3) == 0 ? std::byte{0} : static_cast<std::byte>(random());
    EXPECT_FALSE(decode_record(bytes, static_cast<std::uint32_t>(seed))) << "seed " << seed;
    EXPECT_FALSE(decode_segment_header(bytes));
    EXPECT_FALSE(decode_epoch(bytes));
  }
  content record(record_bytes(50));
  encode({50, 0, 0, 1, 1, false}, content(50, std::byte{1}), {}, 5, record.data());
  for (std::size_t length = 0; length < record.size(); ++length) {
    const content piece(record.begin(),
                        record.begin() + static_cast<std::ptrdiff_t>(length));  // exactly: for the sanitizer
    EXPECT_FALSE(decode_record(piece, 5)) << length;
  }
  EXPECT_FALSE(decode_record(content(64), 5)) << "zeros";
}

}  // namespace
}  // namespace weft::journal_format
