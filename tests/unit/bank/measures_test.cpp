// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include <weft/core/random.hpp>

#include "bank/latencies.hpp"
#include "bank/zipf.hpp"

namespace weft::bank {
namespace {

TEST(zipf, draws_in_proportion_to_the_power_of_the_rank) {
  constexpr std::uint64_t n = 1000;
  constexpr int draws = 200'000;
  for (double theta : {0.0, 0.6, 0.9}) {
    const zipf source(n, theta);
    random_source random(7);
    std::vector<int> counts(n);
    for (int i = 0; i < draws; ++i) ++counts.at(source(random));
    double zeta = 0;
    for (std::uint64_t i = 1; i <= n; ++i) zeta += std::pow(1.0 / static_cast<double>(i), theta);
    const auto expected = [&](double rank) { return draws * std::pow(1 / rank, theta) / zeta; };
    EXPECT_NEAR(counts[0], expected(1), 5 * std::sqrt(expected(1))) << theta;
    EXPECT_NEAR(counts[1], expected(2), 5 * std::sqrt(expected(2))) << theta;
    double half = 0, drawn = 0;
    for (std::uint64_t i = 0; i < n / 2; ++i) {
      half += expected(static_cast<double>(i + 1));
      drawn += counts[i];
    }
    EXPECT_NEAR(drawn / half, 1, 0.03) << theta;
  }
}

TEST(latencies, quantiles_are_at_most_a_sixteenth_too_high) {
  latencies all;
  EXPECT_EQ(all.quantile(0.5), 0u);
  for (std::uint64_t ns = 1; ns <= 100'000; ++ns) all.add(ns);
  for (double share : {0.001, 0.5, 0.99, 0.999}) {
    const double exact = share * 100'000;
    const auto found = static_cast<double>(all.quantile(share));
    EXPECT_GE(found, exact);
    EXPECT_LE(found, exact * 17 / 16 + 1);
  }
  all.add(~std::uint64_t{0});
  EXPECT_GT(all.quantile(1), 1'000'000'000'000u);
}

}  // namespace
}  // namespace weft::bank
