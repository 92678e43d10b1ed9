// SPDX-License-Identifier: BSL-1.0
#include <weft/async/descriptor.hpp>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using descriptor_test = weft::testing::loop_test;

TEST_F(descriptor_test, is_ready_when_the_host_says_so) {
  auto in = readable(l, 5);
  auto out = writable(l, 6);
  cluster.host(0).make_ready(5, true, false);
  in.get();
  EXPECT_FALSE(out.ready());
  cluster.host(0).make_ready(6, false, true);
  out.get();
  EXPECT_TRUE(cluster.host(0).descriptors.empty());
}

TEST_F(descriptor_test, dropping_and_cancelling_unwatch) {
  { auto dropped = readable(l, 5); }
  auto f = readable(l, 6);
  EXPECT_TRUE(f.cancel());
  EXPECT_TRUE(cluster.host(0).descriptors.empty());
}

}  // namespace
