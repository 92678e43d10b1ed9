// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "terminal.hpp"

namespace weft::farm {

struct pixel {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  friend bool operator==(const pixel&, const pixel&) = default;
};

/// A picture in 24-bit colours.
class picture {
 public:
  picture() = default;
  picture(int width, int height)
      : width_(width), height_(height), pixels_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {}

  int width() const noexcept { return width_; }
  int height() const noexcept { return height_; }
  pixel& at(int column, int row) noexcept { return pixels_[index(column, row)]; }
  const pixel& at(int column, int row) const noexcept { return pixels_[index(column, row)]; }
  /// Copies another picture to (left, top); it must fit.
  void paste(const picture& part, int left, int top);
  friend bool operator==(const picture&, const picture&) = default;

 private:
  std::size_t index(int column, int row) const noexcept {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(column);
  }

  int width_ = 0;
  int height_ = 0;
  std::vector<pixel> pixels_;
};

/// A binary PPM file ("P6", netpbm): what a tile's program writes.
std::string ppm_bytes(const picture& what);
/// Reads what `ppm_bytes` wrote; throws `error` for anything else.
picture parse_ppm(std::string_view bytes);

/// A PNG file (W3C, Portable Network Graphics, 2nd edition), uncompressed.
std::string png_bytes(const picture& what);

/// The picture as lines of text, `columns` characters wide: half blocks in colours, or shades of ASCII characters.
std::string terminal_text(const picture& what, int columns, const terminal& screen);

}  // namespace weft::farm
