// SPDX-License-Identifier: BSL-1.0
#include "picture.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <boost/crc.hpp>

#include <weft/core/error.hpp>

namespace weft::farm {
namespace {

void append(std::string& to, const pixel& p) {
  to += static_cast<char>(p.red);
  to += static_cast<char>(p.green);
  to += static_cast<char>(p.blue);
}

/// The next number of a PPM head, and the one character of space behind it.
int next_number(std::string_view& bytes) {
  int number = 0;
  const auto [end, problem] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), number);
  const auto digits = static_cast<std::size_t>(end - bytes.data());
  if (problem != std::errc() || digits == bytes.size() || number < 1 || number > 1 << 15) {
    throw error("this is no PPM picture: its head is damaged");
  }
  bytes.remove_prefix(digits + 1);
  return number;
}

void append_big_endian(std::string& to, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(number >> shift & 0xff);
}

void append_chunk(std::string& to, std::string_view type, std::string_view data) {
  append_big_endian(to, static_cast<std::uint32_t>(data.size()));
  boost::crc_32_type check;
  check.process_bytes(type.data(), type.size());
  check.process_bytes(data.data(), data.size());
  to.append(type).append(data);
  append_big_endian(to, check.checksum());
}

std::uint32_t adler32(std::string_view data) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const char c : data) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

/// A zlib stream of stored blocks (RFC 1950, RFC 1951 section 3.2.4).
std::string stored(std::string_view data) {
  constexpr std::size_t most = 65535;
  std::string stream = "\x78\x01";
  const std::uint32_t check = adler32(data);
  do {
    const std::string_view block = data.substr(0, most);
    data.remove_prefix(block.size());
    const auto length = static_cast<std::uint16_t>(block.size());
    const auto inverse = static_cast<std::uint16_t>(~length);
    stream += data.empty() ? '\1' : '\0';
    for (const std::uint16_t number : {length, inverse}) {
      stream += static_cast<char>(number & 0xff);
      stream += static_cast<char>(number >> 8);
    }
    stream.append(block);
  } while (!data.empty());
  append_big_endian(stream, check);
  return stream;
}

/// The mean of a rectangle of pixels.
pixel mean(const picture& what, int left, int right, int top, int bottom) {
  int red = 0, green = 0, blue = 0;
  for (int row = top; row < bottom; ++row) {
    for (int column = left; column < right; ++column) {
      const pixel& p = what.at(column, row);
      red += p.red;
      green += p.green;
      blue += p.blue;
    }
  }
  const int count = (right - left) * (bottom - top);
  return {static_cast<std::uint8_t>(red / count), static_cast<std::uint8_t>(green / count),
          static_cast<std::uint8_t>(blue / count)};
}

picture shrunk(const picture& what, int width, int height) {
  picture small(width, height);
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      small.at(column, row) = mean(what, column * what.width() / width, (column + 1) * what.width() / width,
                                   row * what.height() / height, (row + 1) * what.height() / height);
    }
  }
  return small;
}

/// Of the 6 x 6 x 6 colours that every terminal with 256 has.
int color_number(const pixel& p) {
  const auto level = [](std::uint8_t light) { return light < 48 ? 0 : light < 115 ? 1 : (light - 35) / 40; };
  return 16 + 36 * level(p.red) + 6 * level(p.green) + level(p.blue);
}

std::string colored_lines(const picture& small, const terminal& screen) {
  std::string text;
  for (int row = 0; row + 1 < small.height(); row += 2) {
    for (int column = 0; column < small.width(); ++column) {
      const int upper = color_number(small.at(column, row));
      const int lower = color_number(small.at(column, row + 1));
      // Without block characters two rows share a blank.
      text += screen.utf8 ? fmt::format("\x1b[38;5;{};48;5;{}m▀", upper, lower) : fmt::format("\x1b[48;5;{}m ", upper);
    }
    text += "\x1b[0m\n";
  }
  return text;
}

std::string shaded_lines(const picture& small) {
  constexpr std::string_view shades = "@%#*+=-:. ";
  std::string text;
  for (int row = 0; row + 1 < small.height(); row += 2) {
    for (int column = 0; column < small.width(); ++column) {
      const pixel p = mean(small, column, column + 1, row, row + 2);
      const int light = (2 * p.red + 5 * p.green + p.blue) / 8;
      text += shades[static_cast<std::size_t>(light) * shades.size() / 256];
    }
    text += '\n';
  }
  return text;
}

}  // namespace

void picture::paste(const picture& part, int left, int top) {
  if (left < 0 || top < 0 || left + part.width() > width_ || top + part.height() > height_) {
    throw usage_error("picture::paste: the part does not fit");
  }
  for (int row = 0; row < part.height(); ++row) {
    for (int column = 0; column < part.width(); ++column) at(left + column, top + row) = part.at(column, row);
  }
}

std::string ppm_bytes(const picture& what) {
  std::string bytes = fmt::format("P6\n{} {}\n255\n", what.width(), what.height());
  for (int row = 0; row < what.height(); ++row) {
    for (int column = 0; column < what.width(); ++column) append(bytes, what.at(column, row));
  }
  return bytes;
}

picture parse_ppm(std::string_view bytes) {
  if (!bytes.starts_with("P6\n")) throw error("this is no PPM picture: it does not begin with P6");
  bytes.remove_prefix(3);
  const int width = next_number(bytes);
  const int height = next_number(bytes);
  next_number(bytes);  // the largest light, 255
  picture read(width, height);
  if (bytes.size() != std::size_t{3} * static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {
    throw error("this is no whole PPM picture: its length is wrong");
  }
  const auto light = [&](std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); };
  std::size_t at = 0;
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column, at += 3) {
      read.at(column, row) = {light(at), light(at + 1), light(at + 2)};
    }
  }
  return read;
}

std::string png_bytes(const picture& what) {
  std::string head;
  append_big_endian(head, static_cast<std::uint32_t>(what.width()));
  append_big_endian(head, static_cast<std::uint32_t>(what.height()));
  head += std::string_view("\x08\x02\x00\x00\x00", 5);  // 8 bits, RGB, deflate, standard filters, not interlaced
  std::string rows;
  for (int row = 0; row < what.height(); ++row) {
    rows += '\0';  // no filter
    for (int column = 0; column < what.width(); ++column) append(rows, what.at(column, row));
  }
  std::string bytes = "\x89PNG\r\n\x1a\n";
  append_chunk(bytes, "IHDR", head);
  append_chunk(bytes, "IDAT", stored(rows));
  append_chunk(bytes, "IEND", {});
  return bytes;
}

std::string terminal_text(const picture& what, int columns, const terminal& screen) {
  // A character is twice as high as wide: two rows of pixels make a line.
  const int rows = std::max(1, columns * what.height() / what.width() / 2) * 2;
  const picture small = shrunk(what, columns, rows);
  return screen.color ? colored_lines(small, screen) : shaded_lines(small);
}

}  // namespace weft::farm
