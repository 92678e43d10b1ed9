// SPDX-License-Identifier: BSL-1.0
#include "farm/mandelbrot.hpp"

#include <gtest/gtest.h>

namespace {

using weft::farm::mandelbrot_tile;
using weft::farm::picture;
using weft::farm::pixel;
using weft::farm::render_mandelbrot;

constexpr int width = 60;
constexpr int height = 40;

TEST(mandelbrot, the_set_is_black_and_the_rest_is_not) {
  const picture whole = render_mandelbrot({width, height, 0, 0, width, height}, 1, 200);
  EXPECT_EQ(whole.at(width / 2, height / 2), pixel{});  // -0.7: in the main cardioid
  EXPECT_NE(whole.at(0, 0), pixel{});
  EXPECT_NE(whole.at(width - 1, height / 2), pixel{});
}

TEST(mandelbrot, is_symmetric) {
  const picture whole = render_mandelbrot({width, height, 0, 0, width, height}, 2, 100);
  for (int column = 0; column < width; ++column) {
    EXPECT_EQ(whole.at(column, 3), whole.at(column, height - 4)) << column;
  }
}

TEST(mandelbrot, tiles_make_the_same_picture) {
  const picture whole = render_mandelbrot({width, height, 0, 0, width, height}, 1, 50);
  picture tiled(width, height);
  for (int top = 0; top < height; top += 20) {
    for (int left = 0; left < width; left += 20) {
      tiled.paste(render_mandelbrot({width, height, left, top, 20, 20}, 1, 50), left, top);
    }
  }
  EXPECT_EQ(tiled, whole);
}

}  // namespace
