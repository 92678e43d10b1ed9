// SPDX-License-Identifier: BSL-1.0
#include <weft/core/error.hpp>

#include "transport_fixture.hpp"

namespace {

using namespace weft;

using facts = test::transport_fixture;

TEST_F(facts, knows_its_rank_and_its_node) {
  EXPECT_EQ(self, test::rank());
  EXPECT_EQ(size, test::size());
  // The tests run on one machine.
  EXPECT_EQ(t.node().node_size, size);
  EXPECT_EQ(t.node().node_rank, self);
  for (int r = 0; r < size; ++r) {
    EXPECT_TRUE(t.same_node(r));
    EXPECT_EQ(t.node_peer(r), r);
  }
  EXPECT_FALSE(t.same_node(size));
  EXPECT_THROW(t.node_peer(size), world_error);
}

TEST_F(facts, knows_limits_and_the_library) {
  EXPECT_GE(t.limits().max_tag, 32767);
  EXPECT_GE(t.limits().eager_bytes, 256u);
  const std::string text = t.describe();
  EXPECT_NE(text.find("MPI"), std::string::npos) << text;
  EXPECT_NE(text.find("thread level "), std::string::npos) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
}

TEST_F(facts, has_no_optional_parts) {
  EXPECT_THROW(t.windows(), not_supported);
  EXPECT_THROW(t.launch(), not_supported);
  EXPECT_THROW(t.peers(), not_supported);
}

TEST_F(facts, its_clock_goes_on) {
  const time_point start = t.now();
  while (t.now() == start) {
  }
  EXPECT_GT(t.now(), start);
}

}  // namespace
