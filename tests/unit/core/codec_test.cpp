// SPDX-License-Identifier: BSL-1.0
#include <weft/core/codec.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <complex>
#include <deque>
#include <forward_list>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "support/allocation_count.hpp"

namespace weft {
namespace {

template <class T>
T round_trip(const T& value) {
  byte_buffer buffer;
  encode(buffer, value);
  reader in(buffer.bytes());
  T back{};
  decode(in, back);
  EXPECT_EQ(in.remaining(), 0u);
  byte_buffer message;
  encode_message(message, value);
  EXPECT_EQ(decode_message<T>(message.bytes()), back) << "as a message";
  return back;
}

#define EXPECT_ROUND_TRIP(...)                     \
  do {                                             \
    const auto original = __VA_ARGS__;             \
    EXPECT_TRUE(round_trip(original) == original); \
  } while (false)

enum class color : std::uint8_t { red, green, blue };

struct point {
  double x = 0;
  double y = 0;
  friend bool operator==(const point&, const point&) = default;
};

struct flagged {
  int number = 0;
  bool flag = false;
  friend bool operator==(const flagged&, const flagged&) = default;
};

struct record {
  std::string name;
  std::vector<double> samples;
  std::map<std::string, int> counts;
  std::optional<std::string> note;
  std::variant<std::monostate, int, std::string> result;
  int matrix[2][3] = {};
  color shade = color::red;
  friend bool operator==(const record& a, const record& b) {
    return a.name == b.name && a.samples == b.samples && a.counts == b.counts && a.note == b.note &&
           a.result == b.result && std::equal(&a.matrix[0][0], &a.matrix[0][0] + 6, &b.matrix[0][0]) &&
           a.shade == b.shade;
  }
};

struct tree {
  int value = 0;
  std::vector<tree> children;
  friend bool operator==(const tree&, const tree&) = default;
};

struct json {
  std::variant<double, std::string, std::vector<json>, std::map<std::string, json>> value;
  friend bool operator==(const json&, const json&) = default;
};

struct chain {
  int value = 0;
  std::unique_ptr<chain> next;
};

record sample_record() {
  record r;
  r.name = "a name that does not fit into the object itself";
  r.samples = {1.5, -2.5, std::numeric_limits<double>::infinity()};
  r.counts = {{"one", 1}, {"two", 2}, {"", 0}};
  r.note = "note";
  r.result = std::string("text");
  r.matrix[1][2] = 42;
  r.shade = color::blue;
  return r;
}

TEST(codec, arithmetic_enum_complex_and_time) {
  EXPECT_ROUND_TRIP(42);
  EXPECT_ROUND_TRIP(-1.25L);
  EXPECT_ROUND_TRIP(true);
  EXPECT_ROUND_TRIP(color::blue);
  EXPECT_ROUND_TRIP(std::byte{7});
  EXPECT_ROUND_TRIP(std::complex<double>(1, -2));
  EXPECT_ROUND_TRIP(std::chrono::milliseconds(17));
  EXPECT_ROUND_TRIP(std::chrono::steady_clock::time_point(std::chrono::seconds(3)));
}

TEST(codec, plain_types_are_bytes_and_others_are_not) {
  static_assert(is_bytes<point> && is_bytes<flagged> && is_bytes<std::pair<int, double>>);
  static_assert(is_bytes<std::tuple<int, std::array<point, 3>, std::complex<float>>>);
  static_assert(is_bytes<std::monostate> && is_bytes<int[2][3]>);
  static_assert(!is_bytes<int*> && !is_bytes<std::string> && !is_bytes<std::string_view>);
  static_assert(!is_bytes<std::pair<int, const char*>> && !is_bytes<std::tuple<int&>> && !is_bytes<record>);
  byte_buffer buffer;
  encode(buffer, point{1, 2});
  EXPECT_EQ(buffer.size(), sizeof(point));
}

TEST(codec, strings_and_vectors) {
  EXPECT_ROUND_TRIP(std::string());
  EXPECT_ROUND_TRIP(std::string("short"));
  EXPECT_ROUND_TRIP(std::string(100'000, 'x'));
  EXPECT_ROUND_TRIP(std::wstring(L"wide"));
  EXPECT_ROUND_TRIP(std::u16string(u"sixteen"));
  EXPECT_ROUND_TRIP(std::vector<int>());
  EXPECT_ROUND_TRIP(std::vector<double>(100'003, 1.5));
  EXPECT_ROUND_TRIP(std::vector<point>{{1, 2}, {3, 4}});
  EXPECT_ROUND_TRIP(std::vector<flagged>(2000, flagged{1, true}));
  EXPECT_ROUND_TRIP(std::vector<std::pair<int, double>>(1000, {1, 2.0}));
  EXPECT_ROUND_TRIP(std::vector<std::string>(300, "element"));
  EXPECT_ROUND_TRIP(std::vector<std::vector<std::vector<int>>>{{{1, 2}, {}}, {}, {{3}}});
  EXPECT_ROUND_TRIP(std::vector<std::array<double, 1000>>(3));
}

TEST(codec, bit_vectors_of_every_length) {
  for (std::size_t n = 0; n < 40; ++n) {
    std::vector<bool> bits(n);
    for (std::size_t i = 0; i < n; ++i) bits[i] = i % 3 == 0;
    EXPECT_ROUND_TRIP(bits);
  }
}

TEST(codec, containers) {
  EXPECT_ROUND_TRIP(std::map<std::string, int>{{"a", 1}, {"b", 2}});
  EXPECT_ROUND_TRIP(std::multimap<int, std::string>{{1, "x"}, {1, "y"}, {2, "z"}});
  EXPECT_ROUND_TRIP(std::unordered_map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}});
  EXPECT_ROUND_TRIP(std::unordered_multimap<int, int>{{1, 1}, {1, 2}});
  EXPECT_ROUND_TRIP(std::set<std::string>{"a", "b"});
  EXPECT_ROUND_TRIP(std::multiset<int>{1, 1, 2});
  EXPECT_ROUND_TRIP(std::unordered_set<int>{3, 1, 2});
  EXPECT_ROUND_TRIP(std::unordered_multiset<int>{3, 3});
  EXPECT_ROUND_TRIP(std::list<std::string>{"x", ""});
  EXPECT_ROUND_TRIP(std::forward_list<int>{5, 4, 3});
  EXPECT_ROUND_TRIP(std::deque<double>(1000, 0.5));
  EXPECT_ROUND_TRIP(std::array<std::string, 3>{"a", "b", "c"});
}

TEST(codec, sum_types_and_tuples) {
  using choice = std::variant<std::monostate, int, std::string, std::vector<point>>;
  EXPECT_ROUND_TRIP(choice());
  EXPECT_ROUND_TRIP(choice(3));
  EXPECT_ROUND_TRIP(choice("text"));
  EXPECT_ROUND_TRIP(choice(std::vector<point>(2)));
  EXPECT_ROUND_TRIP(std::optional<std::string>());
  EXPECT_ROUND_TRIP(std::optional<std::string>("x"));
  EXPECT_ROUND_TRIP(std::optional<std::optional<int>>(std::optional<int>()));
  EXPECT_ROUND_TRIP(std::pair<std::string, int>("a", 1));
  EXPECT_ROUND_TRIP(std::tuple<std::string, int, std::vector<bool>>("a", 1, {true}));
  EXPECT_ROUND_TRIP(std::tuple<>());
}

TEST(codec, aggregates_without_a_macro) {
  EXPECT_ROUND_TRIP(record());
  EXPECT_ROUND_TRIP(sample_record());
  EXPECT_ROUND_TRIP(std::vector<record>(5, sample_record()));
  EXPECT_ROUND_TRIP(tree{1, {{2, {}}, {3, {{4, {}}}}}});
}

TEST(codec, recursive_types) {
  json list{std::vector<json>{json{1.5}, json{"text"}}};
  EXPECT_ROUND_TRIP(json{std::map<std::string, json>{{"list", list}, {"number", json{2.5}}}});
}

TEST(codec, unique_ptr_owns_as_optional) {
  chain head{1, std::make_unique<chain>(chain{2, nullptr})};
  byte_buffer buffer;
  encode(buffer, head);
  reader in(buffer.bytes());
  chain back;
  decode(in, back);
  ASSERT_NE(back.next, nullptr);
  EXPECT_EQ(back.next->value, 2);
  EXPECT_EQ(back.next->next, nullptr);
}

TEST(codec, too_deep_values_are_refused_at_the_sender) {
  chain head;
  for (int i = 0; i < 2000; ++i) {
    auto next = std::make_unique<chain>(std::move(head));
    head = chain{i, std::move(next)};
  }
  byte_buffer buffer;
  buffer.append("abc", 3);
  EXPECT_THROW(encode(buffer, head), usage_error);
  EXPECT_EQ(buffer.size(), 3u);
}

TEST(codec, decoding_keeps_the_storage_of_its_target) {
  byte_buffer buffer;
  encode(buffer, std::vector<std::string>{"x", "y"});
  std::vector<std::string> target(3, std::string(100, 'z'));
  const char* first = target[0].data();
  reader in(buffer.bytes());
  decode(in, target);
  EXPECT_EQ(target, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(target[0].data(), first);
}

TEST(codec, encoding_into_a_warm_buffer_allocates_nothing) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "the sanitizer has its own operator new";
  record value = sample_record();
  byte_buffer buffer;
  encode_message(buffer, value);
  const std::byte* storage = buffer.data();
  std::uint64_t before = test::allocations();
  for (int i = 0; i < 100; ++i) {
    buffer.clear();
    encode_message(buffer, value);
  }
  EXPECT_EQ(test::allocations() - before, 0u);
  EXPECT_EQ(buffer.data(), storage) << "the buffer's own storage was kept too";
}

TEST(codec, several_values_follow_each_other) {
  byte_buffer buffer;
  encode(buffer, 1);
  encode(buffer, std::string("two"));
  encode(buffer, 3.0);
  reader in(buffer.bytes());
  int a = 0;
  std::string b;
  double c = 0;
  decode(in, a);
  decode(in, b);
  decode(in, c);
  EXPECT_EQ(std::make_tuple(a, b, c), std::make_tuple(1, std::string("two"), 3.0));
}

TEST(codec, a_message_of_another_type_names_both_hashes) {
  byte_buffer message;
  encode_message(message, std::string("text"));
  try {
    decode_message<std::vector<int>>(message.bytes());
    FAIL() << "decoded a string as a vector";
  } catch (const decode_error& e) {
    char hash[17];
    std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(type_hash<std::string>));
    EXPECT_NE(std::string(e.what()).find(hash), std::string::npos) << e.what();
    std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(type_hash<std::vector<int>>));
    EXPECT_NE(std::string(e.what()).find(hash), std::string::npos) << e.what();
  }
}

TEST(codec, a_message_has_no_rest) {
  byte_buffer message;
  encode_message(message, std::string("text"));
  message.append("", 1);
  EXPECT_THROW(decode_message<std::string>(message.bytes()), decode_error);
}

}  // namespace
}  // namespace weft
