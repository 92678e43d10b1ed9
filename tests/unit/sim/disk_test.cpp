// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/disk.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace weft {
namespace {

using bytes = std::vector<std::byte>;

bytes filled(std::size_t count, int value) { return bytes(count, static_cast<std::byte>(value)); }

bytes beginning(const sim::disk_file& file, std::size_t count) {
  return bytes(file.data.begin(), file.data.begin() + static_cast<std::ptrdiff_t>(count));
}

TEST(sim_disk, a_sync_covers_what_was_written_before_it_began_whatever_comes_meanwhile) {
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    sim::disk_file file;
    const bytes before = filled(512, 1);
    const bytes meanwhile = filled(512, 2);
    file.write(0, before.data(), before.size());
    const auto covered = file.begin_force();
    file.write(512, meanwhile.data(), meanwhile.size());  // in the same page
    file.force(covered);
    EXPECT_FALSE(file.is_forced());
    random_source random(seed);
    file.lose_power(random, true);
    ASSERT_GE(file.data.size(), 512u);
    ASSERT_EQ(beginning(file, 512), before) << "seed " << seed;
  }
}

TEST(sim_disk, syncs_that_end_in_another_order) {
  sim::disk_file file;
  file.write(0, filled(8, 1).data(), 8);
  const auto first = file.begin_force();
  file.write(0, filled(8, 2).data(), 8);
  const auto second = file.begin_force();
  file.force(second);
  file.force(first);
  EXPECT_TRUE(file.is_forced());
  random_source random(1);
  file.lose_power(random, false);
  EXPECT_EQ(beginning(file, 8), filled(8, 2));
}

}  // namespace
}  // namespace weft
