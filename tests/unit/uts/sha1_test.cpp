// SPDX-License-Identifier: BSL-1.0
#include "uts/sha1.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

namespace {

using weft::uts::digest;
using weft::uts::draw;
using weft::uts::root_state;
using weft::uts::sha1_path;

std::string hex(const digest& d) {
  char text[41];
  std::snprintf(text, sizeof text, "%08x%08x%08x%08x%08x", d[0], d[1], d[2], d[3], d[4]);
  return text;
}

TEST(root_state, matches_the_vectors_of_the_distribution) {
  struct {
    int seed;
    const char* state;
    std::uint32_t draw;
  } const vectors[] = {
      {0, "6768033e216468247bd031a0a2d9876d79818f8f", 2038534031},
      {1, "9a8f128265e48cf2cb691b4cefccc0556d9cbd3a", 1838988602},
      {7, "357605f3d86a9e6f2019e530a7d36f107e6cffd6", 2121072598},
      {19, "c6988ab70cc9559ae4d6cba254e29a845a85f86b", 1518729323},
      {29, "16598509542aefc5664b573a1f1c17706e38f4b1", 1849226417},
      {34, "dc17227f8924044a827dea5fbb982ded4d106317", 1292919575},
      {42, "a11dabbcec7aab309c890ab3dbc256eaeb582782", 1800939394},
      {502, "22619b342b979fa6cb89ae034b414cd6f66d0624", 1986856484},
  };
  for (const auto& v : vectors) {
    EXPECT_EQ(hex(root_state(v.seed)), v.state);
    EXPECT_EQ(draw(root_state(v.seed)), v.draw);
  }
}

class sha1_derive : public ::testing::TestWithParam<sha1_path> {
 protected:
  void SetUp() override {
    if (!weft::uts::has(GetParam())) GTEST_SKIP() << "this processor has no " << weft::uts::name(GetParam());
  }
  digest child(const digest& parent, std::uint32_t number) {
    digest out;
    weft::uts::derive(GetParam())(parent, number, std::span(&out, 1));
    return out;
  }
};

TEST_P(sha1_derive, children_match_the_vectors) {
  const digest t1 = root_state(19);
  const digest child0 = child(t1, 0);
  EXPECT_EQ(hex(child0), "2fb3131030280c1617a81d6a49c1e29effb19645");
  EXPECT_EQ(hex(child(t1, 1)), "4a8304c7c88f903ac06b01b07c7b2590e9397b5b");
  EXPECT_EQ(hex(child(t1, 2)), "0f440b68d030929503be64d09655d21a7dfd8365");
  EXPECT_EQ(hex(child(t1, 3)), "4e62c7789552ef31fa428ed5d9023d3f3ec368ef");
  EXPECT_EQ(hex(child(t1, 4)), "0903e6986fda015d0b1aaf8903dfe65c4cf129a5");
  EXPECT_EQ(hex(child(child0, 0)), "9ebdd48d50aa0da0de16ee6d3ec43bc0f5a09bfa");
  EXPECT_EQ(hex(child(child0, 1)), "d72c1425aafba0e93de435027762652c780afcff");
  EXPECT_EQ(hex(child(child0, 2)), "073492e3ed3d35712e1d3c8080f156cd15a53d06");
  EXPECT_EQ(hex(child(child0, 26)), "5d4c04254e296d4637526dafe7a154570d64aed8");
  EXPECT_EQ(hex(child(root_state(42), 5)), "cc932ab9d763dd7f7d432479aca11cbd8392f1d6");
  EXPECT_EQ(hex(child(root_state(42), 0)), "7407806c9e18f6e1d4d944809de9c0c94b892757");
  EXPECT_EQ(hex(child(root_state(502), 0)), "e486f7b38e840a37d07d19bb7ec6a035a9c921f0");
  EXPECT_EQ(hex(child(root_state(502), 1)), "642e234f715ef7ee7cd5ed5c4c5d5260e42647d7");
  EXPECT_EQ(hex(child(root_state(1), 1)), "698c37614474295df3703741ea340c3455a17c7f");
  EXPECT_EQ(hex(child(root_state(0), 0)), "f6b4e21a6db7135e161960a04c6bd6cab35bd8d3");
}

TEST_P(sha1_derive, any_number_of_children_side_by_side_is_the_same) {
  const digest parent = root_state(7);
  for (std::size_t n = 0; n <= 11; ++n) {
    std::vector<digest> together(n + 1, digest{1, 2, 3, 4, 5});
    weft::uts::derive(GetParam())(parent, 1000, std::span(together).first(n));
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(together[i], child(parent, 1000 + static_cast<std::uint32_t>(i)));
    EXPECT_EQ(together[n], (digest{1, 2, 3, 4, 5}));  // nothing past the span
  }
}

TEST_P(sha1_derive, agrees_with_the_scalar_path_over_a_long_chain) {
  digest mine = root_state(3);
  digest scalar = mine;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    mine = child(mine, i * 2654435761u);
    weft::uts::derive(sha1_path::scalar)(scalar, i * 2654435761u, std::span(&scalar, 1));
    ASSERT_EQ(mine, scalar) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(paths, sha1_derive, ::testing::Values(sha1_path::scalar, sha1_path::sha_extensions),
                         [](const auto& instance) {
                           return std::string(instance.param == sha1_path::scalar ? "scalar" : "sha_extensions");
                         });

TEST(sha1_path, the_best_is_there) { EXPECT_TRUE(weft::uts::has(weft::uts::best_sha1_path())); }

}  // namespace
