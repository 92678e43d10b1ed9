// SPDX-License-Identifier: BSL-1.0
#include "progress.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace weft::farm {
namespace {

constexpr double between_lines = 10;
constexpr double between_bars = 0.2;
constexpr int bar_width = 24;
constexpr std::uint64_t enough_to_guess = 3;

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

progress_mode resolve(progress_mode mode, const host& output) {
  if (mode != progress_mode::automatic) return mode;
  return output.is_terminal(output_stream::err) ? progress_mode::bar : progress_mode::line;
}

}  // namespace

std::string progress_text(const tally& so_far, double seconds) {
  std::string text = fmt::format("{}/{} tasks", so_far.ended(), so_far.total());
  if (so_far.failed() > 0) text += fmt::format(", {} failed", so_far.failed());
  if (so_far.ended_now() < enough_to_guess || seconds <= 0) return text;
  const double rate = static_cast<double>(so_far.ended_now()) / seconds;
  const double left = static_cast<double>(so_far.total() - so_far.ended()) / rate;
  return text + fmt::format(", {:.{}f} tasks/s, {} left", rate, rate < 10 ? 1 : 0, clock_text(left));
}

std::string progress_bar(double part, int width) {
  const int full = static_cast<int>(std::clamp(part, 0.0, 1.0) * width);
  return fmt::format("[{:#<{}}{:-<{}}] ", "", full, "", width - full);
}

progress::progress(host& output, progress_mode mode)
    : output_(output), mode_(resolve(mode, output)), next_(mode_ == progress_mode::bar ? 0 : between_lines) {}

void progress::update(const tally& so_far, double seconds) {
  if (mode_ == progress_mode::none || seconds < next_) return;
  const std::string text = progress_text(so_far, seconds);
  if (mode_ == progress_mode::line) {
    next_ = seconds + between_lines;
    output_.write(output_stream::err, "weft-farm: " + text + "\n");
    return;
  }
  next_ = seconds + between_bars;
  bar_shown_ = true;
  const double part =
      so_far.total() == 0 ? 1 : static_cast<double>(so_far.ended()) / static_cast<double>(so_far.total());
  output_.write(output_stream::err, "\r" + progress_bar(part, bar_width) + text + "\x1b[K");
}

void progress::finish() {
  if (bar_shown_) output_.write(output_stream::err, "\r\x1b[K");
  bar_shown_ = false;
}

}  // namespace weft::farm
