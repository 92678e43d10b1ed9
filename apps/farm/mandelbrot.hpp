// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "picture.hpp"

namespace weft::farm {

/// A part of a picture of the Mandelbrot set: the pixels from (left, top) of one that is `full_width` by `full_height`
/// pixels and shows the whole set.
struct mandelbrot_tile {
  int full_width = 0;
  int full_height = 0;
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
};

/// Escape-time algorithm with smooth colours, `samples` by `samples` points for each pixel. Pixels of the set itself
/// cost `most_iterations` steps for each point, those far from it a few: tiles differ in work by a factor of a
/// thousand.
picture render_mandelbrot(const mandelbrot_tile& tile, int samples, int most_iterations);

}  // namespace weft::farm
