// SPDX-License-Identifier: BSL-1.0
#include <weft/core/reflect.hpp>

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace weft {
namespace {

struct none {};
struct one {
  int a;
};
struct arrays {
  int a[3];
  double b;
  char c[2][3];
  std::array<int, 4> d;
};
struct convertible_from_anything {
  std::optional<int> a;
  std::variant<int, std::string> b;
  std::unique_ptr<int> c;
  std::map<int, int> d;
};
struct defaults {
  int a = 3;
  std::string b = "b";
  double c[2] = {1, 2};
};
struct nested {
  arrays a;
  defaults b;
  none c;
};
struct bit_fields {
  int a : 3;
  int b : 4;
};
struct thirty_two {
  int f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23,
      f24, f25, f26, f27, f28, f29, f30, f31, f32;
};
struct thirty_three {
  thirty_two a;
  int f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23,
      f24, f25, f26, f27, f28, f29, f30, f31, f32;
};
struct with_base : one {
  int b;
};
struct with_empty_base : none {
  int b;
};
struct explicit_default {
  explicit explicit_default(int = 0) {}
};
struct uncountable {
  int a;
  explicit_default b = explicit_default(1);
  int c;
};
struct with_reference {
  const int& a;
};
class closed {
 public:
  int a() const { return a_; }

 private:
  int a_ = 0;
};
union either {
  int a;
  float b;
};

static_assert(field_count<none>() == 0);
static_assert(field_count<one>() == 1);
static_assert(field_count<arrays>() == 4, "an array is one field");
static_assert(field_count<convertible_from_anything>() == 4);
static_assert(field_count<defaults>() == 3);
static_assert(field_count<nested>() == 3);
static_assert(field_count<bit_fields>() == 2);
static_assert(field_count<thirty_two>() == 32);
static_assert(!is_reflectable<thirty_three>);
static_assert(!is_reflectable<with_base> && !is_reflectable<with_empty_base>);
static_assert(!is_reflectable<uncountable>);
static_assert(!is_reflectable<with_reference>);
static_assert(!is_reflectable<closed> && !is_reflectable<either> && !is_reflectable<int>);
static_assert(
    std::is_same_v<detail::field_types<arrays>, detail::type_list<int[3], double, char[2][3], std::array<int, 4>>>);

TEST(reflect, fields_are_visited_in_order_and_can_be_changed) {
  defaults value;
  std::string seen;
  for_each_field(value, [&](auto& field) {
    using field_type = std::remove_reference_t<decltype(field)>;
    if constexpr (std::is_same_v<field_type, int>) {
      seen += "int ";
      field = 5;
    } else if constexpr (std::is_same_v<field_type, std::string>) {
      seen += "string ";
    } else {
      static_assert(std::is_same_v<field_type, double[2]>);
      seen += "array";
      field[1] = 7;
    }
  });
  EXPECT_EQ(seen, "int string array");
  EXPECT_EQ(value.a, 5);
  EXPECT_EQ(value.c[1], 7);
}

TEST(reflect, all_thirty_two_fields_are_visited) {
  thirty_two value{};
  int next = 0;
  for_each_field(value, [&next](int& field) { field = ++next; });
  EXPECT_EQ(next, 32);
  EXPECT_EQ(value.f01, 1);
  EXPECT_EQ(value.f32, 32);
  int sum = 0;
  for_each_field(std::as_const(value), [&sum](const int& field) { sum += field; });
  EXPECT_EQ(sum, 32 * 33 / 2);
}

}  // namespace
}  // namespace weft
