// SPDX-License-Identifier: BSL-1.0
#include <weft/queue/ring.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <memory>

#include <weft/core/random.hpp>

namespace weft::detail {
namespace {

TEST(ring, behaves_like_a_deque) {
  constexpr std::uint64_t seed = 11;
  random_source random(seed);
  ring<std::unique_ptr<int>> ours;
  std::deque<int> model;
  for (int step = 0; step < 20000; ++step) {
    switch (random.below(step < 10000 ? 5 : 4)) {
      case 0:
        ours.push_front(std::make_unique<int>(step));
        model.push_front(step);
        break;
      case 1:
        if (model.empty()) break;
        ASSERT_EQ(*ours.pop_front(), model.front()) << "seed " << seed << " step " << step;
        model.pop_front();
        break;
      case 2:
        if (model.empty()) break;
        ASSERT_EQ(*ours.pop_back(), model.back()) << "seed " << seed << " step " << step;
        model.pop_back();
        break;
      default:
        ours.push_back(std::make_unique<int>(step));
        model.push_back(step);
    }
    ASSERT_EQ(ours.size(), model.size());
  }
}

TEST(ring, destroys_what_is_left) {
  auto shared = std::make_shared<int>(1);
  {
    ring<std::shared_ptr<int>> left;
    for (int i = 0; i < 100; ++i) left.push_back(shared);
    (void)left.pop_front();
    EXPECT_EQ(shared.use_count(), 100);
  }
  EXPECT_EQ(shared.use_count(), 1);
}

}  // namespace
}  // namespace weft::detail
