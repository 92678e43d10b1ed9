// SPDX-License-Identifier: BSL-1.0
#include "mandelbrot.hpp"

#include <array>
#include <cmath>
#include <cstdint>

namespace weft::farm {
namespace {

constexpr double pi = 3.14159265358979323846;
// What is shown: the set lies between -2 and 0.5, and -1.2 and 1.2.
constexpr double centre_x = -0.7;
constexpr double centre_y = 0;
constexpr double shown_height = 2.5;

using color = std::array<double, 3>;  // linear, 0 to 1

/// The number of steps until z*z + c leaves a large circle, made continuous; negative for points of the set.
double escape_time(double cx, double cy, int most) {
  double x = 0;
  double y = 0;
  for (int n = 0; n < most; ++n) {
    const double xx = x * x;
    const double yy = y * y;
    if (xx + yy > 65536) return n + 1 - std::log2(std::log2(xx + yy) / 2);
    y = 2 * x * y + cy;
    x = xx - yy + cx;
  }
  return -1;
}

/// A closed path through the colours, one turn for each doubling of the time beyond a few steps.
color color_of(double time) {
  if (time < 0) return {0, 0, 0};
  const double turn = 2 * pi * (0.35 * std::log2(std::max(time, 0.0) + 1) + 0.52);
  return {0.5 + 0.5 * std::cos(turn), 0.45 + 0.45 * std::cos(turn - 0.7), 0.55 + 0.45 * std::cos(turn - 1.9)};
}

std::uint8_t byte_of(double light) { return static_cast<std::uint8_t>(255 * std::sqrt(std::min(light, 1.0)) + 0.5); }

}  // namespace

picture render_mandelbrot(const mandelbrot_tile& tile, int samples, int most_iterations) {
  picture drawn(tile.width, tile.height);
  const double step = shown_height / tile.full_height / samples;
  const double left = centre_x - 0.5 * step * samples * tile.full_width;
  const double top = centre_y - 0.5 * step * samples * tile.full_height;
  for (int row = 0; row < tile.height; ++row) {
    for (int column = 0; column < tile.width; ++column) {
      color sum{};
      for (int i = 0; i < samples * samples; ++i) {
        const double x = left + step * ((tile.left + column) * samples + i % samples + 0.5);
        const double y = top + step * ((tile.top + row) * samples + i / samples + 0.5);
        const color one = color_of(escape_time(x, y, most_iterations));
        for (std::size_t k = 0; k < 3; ++k) sum[k] += one[k] / (samples * samples);
      }
      drawn.at(column, row) = {byte_of(sum[0]), byte_of(sum[1]), byte_of(sum[2])};
    }
  }
  return drawn;
}

}  // namespace weft::farm
