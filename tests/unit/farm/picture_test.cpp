// SPDX-License-Identifier: BSL-1.0
#include "farm/picture.hpp"

#include <gtest/gtest.h>

#include <string>

#include <weft/core/error.hpp>

namespace {

using weft::farm::picture;
using weft::farm::pixel;

picture gradient(int width, int height) {
  picture made(width, height);
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      made.at(column, row) = {static_cast<std::uint8_t>(column), static_cast<std::uint8_t>(row), 10};
    }
  }
  return made;
}

TEST(picture, survives_ppm) {
  const picture before = gradient(13, 7);
  EXPECT_EQ(weft::farm::parse_ppm(ppm_bytes(before)), before);
}

TEST(picture, damaged_ppm_is_refused) {
  const std::string good = ppm_bytes(gradient(4, 4));
  EXPECT_THROW(weft::farm::parse_ppm(""), weft::error);
  EXPECT_THROW(weft::farm::parse_ppm("P5\n4 4\n255\n"), weft::error);
  EXPECT_THROW(weft::farm::parse_ppm("P6\n4"), weft::error);
  EXPECT_THROW(weft::farm::parse_ppm("P6\n-4 4\n255\n"), weft::error);
  EXPECT_THROW(weft::farm::parse_ppm("P6\n99999999999999 1\n255\n"), weft::error);
  EXPECT_THROW(weft::farm::parse_ppm(good.substr(0, good.size() - 1)), weft::error);
  EXPECT_THROW(weft::farm::parse_ppm(good + "x"), weft::error);
}

TEST(picture, parts_are_pasted_where_they_belong) {
  picture whole(4, 4);
  picture part(2, 2);
  part.at(1, 0) = {1, 2, 3};
  whole.paste(part, 2, 2);
  EXPECT_EQ(whole.at(3, 2), (pixel{1, 2, 3}));
  EXPECT_EQ(whole.at(2, 3), pixel{});
  EXPECT_THROW(whole.paste(part, 3, 0), weft::usage_error);
}

// Written by hand from the standard: a red pixel, with the checksums of zlib's crc32 and adler32.
TEST(picture, a_small_png_is_right_to_the_byte) {
  picture red(1, 1);
  red.at(0, 0) = {255, 0, 0};
  const unsigned char expected[] = {0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n',  //
                                    0,    0,    0,    13,   'I',  'H',  'D',  'R',  0,    0,    0,    1,    0,
                                    0,    0,    1,    8,    2,    0,    0,    0,    0x90, 0x77, 0x53, 0xde,  //
                                    0,    0,    0,    15,   'I',  'D',  'A',  'T',  0x78, 0x01, 1,    4,    0,
                                    0xfb, 0xff, 0,    255,  0,    0,    0x03, 0x01, 0x01, 0x00,  //
                                    0x8d, 0x1d, 0xe5, 0x82,                                      //
                                    0,    0,    0,    0,    'I',  'E',  'N',  'D',  0xae, 0x42, 0x60, 0x82};
  const std::string bytes = png_bytes(red);
  EXPECT_EQ(bytes, std::string(reinterpret_cast<const char*>(expected), sizeof expected));
}

TEST(picture, a_long_png_has_blocks_that_a_reader_can_follow) {
  const std::string bytes = png_bytes(gradient(300, 200));  // 200 rows of 901 bytes: three blocks
  const auto data = bytes.find("IDAT") + 6;                 // behind zlib's head
  std::size_t at = data;
  std::size_t content = 0;
  for (bool last = false; !last;) {
    last = bytes.at(at) == 1;
    const std::size_t length =
        static_cast<unsigned char>(bytes.at(at + 1)) + 256U * static_cast<unsigned char>(bytes.at(at + 2));
    content += length;
    at += 5 + length;
  }
  EXPECT_EQ(content, 200U * 901U);
  EXPECT_EQ(bytes.substr(at + 8 + 4, 4), "IEND");
}

TEST(picture, is_shaded_in_ascii) {
  picture halves(4, 4);
  for (int row = 0; row < 4; ++row) halves.at(2, row) = halves.at(3, row) = {255, 255, 255};
  EXPECT_EQ(terminal_text(halves, 4, {false, false}), "@@  \n@@  \n");
}

TEST(picture, is_coloured_where_that_shows) {
  picture red(2, 2);
  for (int row = 0; row < 2; ++row) red.at(0, row) = red.at(1, row) = {255, 0, 0};
  EXPECT_EQ(terminal_text(red, 1, {true, true}), "\x1b[38;5;196;48;5;196m▀\x1b[0m\n");
  EXPECT_EQ(terminal_text(red, 1, {true, false}), "\x1b[48;5;196m \x1b[0m\n");
}

}  // namespace
