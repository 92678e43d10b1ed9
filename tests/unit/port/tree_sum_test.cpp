// SPDX-License-Identifier: BSL-1.0
#include <weft/port/tree_sum.hpp>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <random>
#include <vector>

#include "support/context_driver.hpp"

namespace weft {
namespace {

TEST(TreeSum, SumsRoundByRoundInPollPhase) {
  for (const int ranks : {1, 2, 3, 5, 8, 13}) {
    testing::fake_options options;
    options.delay = testing::random_delay(static_cast<std::uint64_t>(ranks), 6);
    testing::cluster_of_contexts all(ranks, options);
    struct rank_state {
      std::unique_ptr<tree_sum<2>> sum;
      int rounds = 0;
      std::array<std::int64_t, 2> last{};
    };
    std::vector<rank_state> states(static_cast<std::size_t>(ranks));
    for (int r = 0; r < ranks; ++r) {
      rank_state* mine = &states[static_cast<std::size_t>(r)];
      mine->sum = std::make_unique<tree_sum<2>>(all.at(r), [mine](const std::array<std::int64_t, 2>& sums) {
        ++mine->rounds;
        mine->last = sums;
      });
    }
    all.turn(3);
    std::mt19937 random(7);
    std::vector<int> given(static_cast<std::size_t>(ranks));
    for (int step = 0; step < 200'000 && states[0].rounds < 20; ++step) {
      const auto r = random() % static_cast<unsigned>(ranks);
      rank_state& mine = states[r];
      if (given[r] == mine.rounds && given[r] < 20) {
        ++given[r];
        mine.sum->contribute({static_cast<std::int64_t>(r), given[r]});
        EXPECT_EQ(mine.rounds, given[r] - 1) << "never from within contribute";
      }
      all.at(static_cast<int>(r)).poll();
      if (mine.rounds > 0) {
        EXPECT_EQ(mine.last[0], ranks * (ranks - 1) / 2);
        EXPECT_EQ(mine.last[1], std::int64_t{mine.rounds} * ranks);
      }
    }
    EXPECT_EQ(states[0].rounds, 20) << ranks;
    ASSERT_TRUE(all.drive([&] {
      for (auto& s : states) {
        if (s.rounds < 20) return false;
      }
      return true;
    }));
    states.clear();
  }
}

}  // namespace
}  // namespace weft
