// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cmath>
#include <cstdint>

#include <weft/core/random.hpp>

namespace weft::bank {

/// Numbers below n, of which i comes with a probability in proportion to 1 / (i + 1)^theta (Gray, Sundaresan, Englert,
/// Baclawski, Weinberger, "Quickly generating billion-record synthetic databases", SIGMOD 1994). 0 <= theta < 1.
class zipf {
 public:
  zipf(std::uint64_t n, double theta) : n_(n), theta_(theta) {
    if (theta == 0) return;
    for (std::uint64_t i = 1; i <= n; ++i) zeta_ += std::pow(1.0 / static_cast<double>(i), theta);
    const double zeta2 = 1 + std::pow(0.5, theta);
    alpha_ = 1 / (1 - theta);
    eta_ = (1 - std::pow(2.0 / static_cast<double>(n), 1 - theta)) / (1 - zeta2 / zeta_);
  }
  std::uint64_t operator()(random_source& random) const {
    if (theta_ == 0) return random.below(n_);
    const double u = static_cast<double>(random() >> 11) * 0x1p-53;
    const double scaled = u * zeta_;
    if (scaled < 1) return 0;
    if (scaled < 1 + std::pow(0.5, theta_)) return 1;
    const auto drawn = static_cast<std::uint64_t>(static_cast<double>(n_) * std::pow(eta_ * u - eta_ + 1, alpha_));
    return drawn < n_ ? drawn : n_ - 1;
  }

 private:
  std::uint64_t n_;
  double theta_;
  double zeta_ = 0, alpha_ = 0, eta_ = 0;
};

}  // namespace weft::bank
