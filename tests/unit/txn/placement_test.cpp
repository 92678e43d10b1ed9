// SPDX-License-Identifier: BSL-1.0
// Keys that lie on one rank because their first bytes are equal.
#include <weft/txn/store.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>

#include <weft/async/async.hpp>

#include "unit/txn/cluster_of_stores.hpp"

namespace weft::testing {
namespace {

struct room {
  std::uint32_t house = 0;
  std::uint32_t number = 0;
};
using rooms = store<room, int>;

store_options by_house() {
  store_options options;
  options.placed_by = sizeof(room::house);
  return options;
}

TEST(placement, rows_with_equal_first_bytes_share_a_rank_and_the_others_are_spread) {
  cluster_of_stores<rooms> c(4, by_house());
  std::set<int> owners;
  for (std::uint32_t house = 0; house < 64; ++house) {
    const int owner = c.at(0).owner({house, 0});
    owners.insert(owner);
    for (std::uint32_t number = 1; number < 50; ++number) ASSERT_EQ(c.at(1).owner({house, number}), owner);
  }
  EXPECT_EQ(owners.size(), 4u);
}

task<> furnish(rooms& s, std::uint32_t house) {
  transaction_options named;
  const std::string name = "house " + std::to_string(house);
  named.name = name;
  auto fill = [&](auto& tx) -> task<> {
    for (std::uint32_t number = 0; number < 5; ++number) tx.put({house, number}, static_cast<int>(house * 10 + number));
    co_return;
  };
  for (int expected : {1, 0}) {  // the second time, it has happened already
    const transaction_result done = co_await s.transact(fill, named);
    EXPECT_TRUE(done);
    EXPECT_EQ(done.attempts, expected);
  }
  auto read = [&](auto& tx) -> task<> {
    for (std::uint32_t number = 0; number < 5; ++number) {
      const room key{house, number};
      const int found = co_await tx.at(key);
      EXPECT_EQ(found, static_cast<int>(house * 10 + number));
    }
  };
  co_await s.transact(read);
}

TEST(placement, transactions_and_names_work_as_ever) {
  cluster_of_stores<rooms> c(3, by_house());
  for (int r = 0; r < 3; ++r) c.run(r, furnish(c.at(r), static_cast<std::uint32_t>(r)));
  EXPECT_TRUE(c.settle());
}

TEST(placement, keys_without_so_many_plain_bytes_are_refused) {
  store_options options;
  options.placed_by = 9;
  EXPECT_THROW(cluster_of_stores<rooms>(1, options), usage_error);
  options.placed_by = 1;
  using strings = store<std::string, int>;
  EXPECT_THROW(cluster_of_stores<strings>(1, options), usage_error);
}

}  // namespace
}  // namespace weft::testing
