// SPDX-License-Identifier: BSL-1.0
#include "timeline.hpp"

#include <algorithm>

namespace weft::farm {
namespace {

double overlap(double start, double end, double from, double to) {
  return std::max(0.0, std::min(end, to) - std::max(start, from));
}

}  // namespace

void timeline::widen() {
  for (std::size_t i = 0; i < bins / 2; ++i) busy_[i] = busy_[2 * i] + busy_[2 * i + 1];
  std::fill(busy_.begin() + bins / 2, busy_.end(), 0.0);
  width_ *= 2;
}

void timeline::add(double start, double end) {
  start = std::max(start, 0.0);
  while (end > width_ * bins) widen();
  for (auto i = static_cast<std::size_t>(start / width_); i < bins; ++i) {
    const double from = static_cast<double>(i) * width_;
    if (from >= end) return;
    busy_[i] += overlap(start, end, from, from + width_);
  }
}

double timeline::between(double start, double end) const noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < bins; ++i) {
    const double from = static_cast<double>(i) * width_;
    sum += busy_[i] * overlap(start, end, from, from + width_) / width_;
  }
  return sum;
}

}  // namespace weft::farm
