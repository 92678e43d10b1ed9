// SPDX-License-Identifier: BSL-1.0
#include "quantity.hpp"

#include <cctype>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace weft::farm {
namespace {

constexpr double longest_seconds = 100.0 * 366 * 24 * 3600;

/// Cuts the number off the front.
std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (code != std::errc{} || !std::isfinite(value) || value < 0 || std::signbit(value)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<double> seconds_of_unit(std::string_view unit) {
  if (unit.empty() || unit == "s") return 1;
  if (unit == "ms") return 1e-3;
  if (unit == "m" || unit == "min") return 60;
  if (unit == "h") return 3600;
  if (unit == "d") return 24 * 3600;
  return std::nullopt;
}

/// "H:M:S" or "M:S".
std::optional<double> parse_clock(std::string_view text) {
  double sum = 0;
  for (int parts = 1;; ++parts) {
    const auto part = take_number(text);
    if (!part) return std::nullopt;
    sum = sum * 60 + *part;
    if (text.empty()) return sum;
    if (text.front() != ':' || parts == 3) return std::nullopt;
    text.remove_prefix(1);
  }
}

}  // namespace

std::optional<duration> parse_time(std::string_view text) {
  std::optional<double> seconds;
  if (text.find(':') != std::string_view::npos) {
    seconds = parse_clock(text);
  } else {
    const auto value = take_number(text);
    const auto unit = seconds_of_unit(text);
    if (value && unit) seconds = *value * *unit;
  }
  if (!seconds || *seconds > longest_seconds) return std::nullopt;
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>(*seconds));
}

std::string time_text(double seconds) {
  if (seconds < 10) return fmt::format("{:.2f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const auto value = take_number(text);
  if (!value) return std::nullopt;
  if (!text.empty() && (text.back() == 'B' || text.back() == 'b')) text.remove_suffix(1);
  if (text.size() == 2 && text.back() == 'i') text.remove_suffix(1);
  double factor = 1;
  if (!text.empty()) {
    const auto place =
        std::string_view("KMGT").find(static_cast<char>(std::toupper(static_cast<unsigned char>(text[0]))));
    if (place == std::string_view::npos || text.size() > 1) return std::nullopt;
    factor = std::pow(1024.0, static_cast<double>(place + 1));
  }
  const double bytes = *value * factor;
  if (bytes > 9e18) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace weft::farm
