// SPDX-License-Identifier: BSL-1.0
#include <weft/core/type_hash.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace app {
struct tile {};
template <class T>
struct box {};
}  // namespace app

namespace weft {
namespace {

TEST(type_hash, fnv1a_of_its_authors_vectors) {
  EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325u);
  EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(fnv1a("foobar"), 0x85944171f73967e8u);
}

TEST(type_hash, names_are_the_bare_types) {
  EXPECT_EQ(type_name<int>(), "int");
  EXPECT_EQ(type_name<app::tile>(), "app::tile");
  EXPECT_EQ(type_name<app::box<app::tile>>(), "app::box<app::tile>");
  EXPECT_EQ(type_name<std::vector<double>>().substr(0, 11), "std::vector");
}

TEST(type_hash, aliases_are_one_type_and_types_are_told_apart) {
  using alias = std::vector<int>;
  static_assert(type_hash<alias> == type_hash<std::vector<std::int32_t>>);
  std::set<std::uint64_t> hashes{type_hash<int>,          type_hash<unsigned>,       type_hash<long>,
                                 type_hash<std::string>,  type_hash<app::tile>,      type_hash<app::box<int>>,
                                 type_hash<std::wstring>, type_hash<app::box<long>>, type_hash<std::vector<int>>};
  EXPECT_EQ(hashes.size(), 9u);
}

}  // namespace
}  // namespace weft
