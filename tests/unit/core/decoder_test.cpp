// SPDX-License-Identifier: BSL-1.0
// Hostile bytes: whatever arrives, decoding ends with a value or a decode_error, and takes memory in proportion to the
// input.
#include <weft/core/codec.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <forward_list>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "support/allocation_count.hpp"

namespace weft {

enum class level : std::uint8_t { low, middle, high };
template <>
struct enum_limits<level> {
  static constexpr level first = level::low;
  static constexpr level last = level::high;
};

namespace {

// Bytes held by all counting_allocators, and the most they ever held.
struct memory_use {
  std::size_t now = 0;
  std::size_t peak = 0;
};
thread_local memory_use memory;

template <class T>
struct counting_allocator {
  using value_type = T;
  counting_allocator() = default;
  template <class U>
  counting_allocator(const counting_allocator<U>&) {}
  T* allocate(std::size_t n) {
    memory.now += n * sizeof(T);
    memory.peak = std::max(memory.peak, memory.now);
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T* p, std::size_t n) {
    memory.now -= n * sizeof(T);
    std::allocator<T>().deallocate(p, n);
  }
  friend bool operator==(const counting_allocator&, const counting_allocator&) { return true; }
};

template <class T>
using counted_vector = std::vector<T, counting_allocator<T>>;
using counted_string = std::basic_string<char, std::char_traits<char>, counting_allocator<char>>;

struct flagged {
  int number = 0;
  bool flag = false;
  level how = level::low;
};

struct tree {
  int value = 0;
  counted_vector<tree> children;
};

struct versioned {
  std::vector<std::optional<double>> values;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& values;
  }
};

struct everything {
  std::string text;
  std::vector<double> numbers;
  std::vector<bool> bits;
  std::map<std::string, int> table;
  std::unordered_map<int, std::vector<std::string>> groups;
  std::set<int> keys;
  std::list<flagged> flags;
  std::forward_list<std::u16string> wide;
  std::optional<std::variant<std::monostate, int, std::string>> choice;
  std::unique_ptr<versioned> owned;
  std::pair<std::string, std::vector<std::vector<int>>> nested;
  std::array<std::string, 2> words;
  tree root;
};

everything sample() {
  everything e;
  e.text = "some text";
  e.numbers = {1, 2, 3};
  e.bits = {true, false, true};
  e.table = {{"a", 1}, {"b", 2}};
  e.groups = {{1, {"x", "y"}}, {2, {}}};
  e.keys = {1, 2, 3};
  e.flags = {{1, true, level::high}, {2, false, level::low}};
  e.wide = {u"one", u"two"};
  e.choice = std::string("chosen");
  e.owned = std::make_unique<versioned>(versioned{{1.5, std::nullopt}});
  e.nested = {"pair", {{1, 2}, {3}}};
  e.words = {"first", "second"};
  e.root = {1, {{2, {}}, {3, {{4, {}}}}}};
  return e;
}

template <class T>
void expect_refused(std::span<const std::byte> bytes) {
  reader in(bytes);
  T value{};
  EXPECT_THROW(decode(in, value), decode_error) << type_name<T>();
}

std::vector<std::byte> hostile(std::initializer_list<int> bytes) {
  std::vector<std::byte> out;
  for (int b : bytes) out.push_back(std::byte(b));
  return out;
}

// A format byte and the length 2^60, then `rest` zero bytes.
std::vector<std::byte> length_bomb(std::size_t rest) {
  std::vector<std::byte> bytes = hostile({1, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x10});
  bytes.resize(bytes.size() + rest);
  return bytes;
}

TEST(decoder, every_prefix_is_refused) {
  byte_buffer message;
  encode_message(message, sample());
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_THROW(decode_message<everything>(message.bytes().first(size)), decode_error) << size;
  }
  EXPECT_NO_THROW(decode_message<everything>(message.bytes()));
}

TEST(decoder, mutations_end_in_a_value_or_a_decode_error) {
  byte_buffer original;
  encode_message(original, sample());
  const std::uint32_t cases = test::allocations_are_counted() ? 100'000 : 10'000;  // fewer under a sanitizer
  std::uint32_t accepted = 0;
  for (std::uint32_t seed = 1; seed <= cases; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::byte> bytes(original.bytes().begin(), original.bytes().end());
    for (auto changes = 1 + random() % 4; changes != 0; --changes) {
      // Behind the header, whose damage never gets past the first check.
      std::size_t at = sizeof(message_header) + random() % (bytes.size() - sizeof(message_header));
      bytes[at] = (random() & 1) != 0 ? std::byte(random() & 0xff) : bytes[at] ^ std::byte(1u << (random() % 8));
    }
    try {
      everything value = decode_message<everything>(bytes);
      ++accepted;
      byte_buffer again;
      encode_message(again, value);
      ASSERT_NO_THROW(decode_message<everything>(again.bytes())) << "seed " << seed;
    } catch (const decode_error&) {
    } catch (const std::exception& e) {
      FAIL() << "seed " << seed << ": " << e.what();
    }
  }
  EXPECT_GT(accepted, cases / 100) << "the mutations must reach past the checks";
}

TEST(decoder, impossible_lengths_are_refused_before_memory_is_reserved) {
  for (std::size_t rest : {0u, 100u, 10'000u}) {
    std::vector<std::byte> bytes = length_bomb(rest);
    memory = {};
    expect_refused<counted_string>(bytes);
    expect_refused<counted_vector<double>>(bytes);
    expect_refused<counted_vector<counted_string>>(bytes);
    expect_refused<counted_vector<counted_vector<std::optional<double>>>>(bytes);
    expect_refused<counted_vector<std::tuple<>>>(bytes);
    expect_refused<std::vector<bool, counting_allocator<bool>>>(bytes);
    EXPECT_EQ(memory.peak, 0u) << rest;
    expect_refused<std::list<int>>(bytes);
    expect_refused<std::map<int, std::string>>(bytes);
    expect_refused<std::unordered_map<int, std::string>>(bytes);
  }
}

TEST(decoder, lengths_that_only_just_fit_take_memory_in_proportion) {
  // Each level of nesting claims all that is left.
  std::vector<std::byte> bytes = hostile({1});
  while (bytes.size() < 100'000) {
    std::uint64_t left = 100'000 - bytes.size();
    if (left < 300) left = 1;
    bytes.push_back(std::byte{0xff});
    for (int i = 0; i < 8; ++i) bytes.push_back(std::byte((left / 2 >> (8 * i)) & 0xff));
  }
  memory = {};
  expect_refused<counted_vector<counted_vector<counted_vector<counted_string>>>>(bytes);
  expect_refused<counted_vector<counted_vector<counted_vector<std::optional<int>>>>>(bytes);
  // The most that an accepted element of one byte may become, times the credit and the doubling of vectors.
  EXPECT_LT(memory.peak, bytes.size() * sizeof(counted_string) * 8);
  EXPECT_EQ(memory.now, 0u);
}

TEST(decoder, recursive_bombs_take_memory_in_proportion) {
  // tree: int value, then the length of `children`. 900 levels, each claiming all that is left.
  std::vector<std::byte> bytes = hostile({1});
  constexpr std::size_t total = 200'000;
  for (int level = 0; level < 900; ++level) {
    for (int i = 0; i < 4; ++i) bytes.push_back(std::byte{0});
    std::uint64_t claim = (total - bytes.size() - 9) / 5;
    bytes.push_back(std::byte{0xff});
    for (int i = 0; i < 8; ++i) bytes.push_back(std::byte((claim >> (8 * i)) & 0xff));
  }
  bytes.resize(total, std::byte{0xfe});
  memory = {};
  expect_refused<tree>(bytes);
  EXPECT_GT(memory.peak, 0u);
  EXPECT_LT(memory.peak, total * sizeof(tree) * 2);
}

TEST(decoder, nesting_beyond_the_limit_is_refused) {
  std::vector<std::byte> bytes = hostile({1});
  for (int level = 0; level < 1'000'000; ++level) {
    for (int i = 0; i < 4; ++i) bytes.push_back(std::byte{0});
    bytes.push_back(std::byte{1});
  }
  expect_refused<tree>(bytes);
}

TEST(decoder, values_that_are_none_are_refused) {
  expect_refused<bool>(hostile({2}));
  expect_refused<level>(hostile({3}));
  expect_refused<flagged>(hostile({0, 0, 0, 0, 2, 0, 0, 0}));
  expect_refused<flagged>(hostile({0, 0, 0, 0, 1, 9, 0, 0}));
  expect_refused<std::vector<flagged>>(hostile({1, 1, 0, 0, 0, 0, 2, 0, 0, 0}));
  expect_refused<std::pair<bool, bool>>(hostile({1, 255}));
  expect_refused<std::array<bool, 3>>(hostile({1, 0, 7}));
  expect_refused<std::optional<int>>(hostile({1, 2, 0, 0, 0, 0}));
  expect_refused<std::unique_ptr<int>>(hostile({1, 3, 0, 0, 0, 0}));
  expect_refused<std::variant<int, std::string>>(hostile({1, 2, 0, 0, 0, 0}));
  expect_refused<std::variant<int, std::string>>(hostile({1, 255}));
  expect_refused<std::vector<bool>>(hostile({1, 3, 0b1000}));
  expect_refused<std::set<int>>(hostile({1, 2, 5, 0, 0, 0, 5, 0, 0, 0}));
  expect_refused<versioned>(hostile({1, 1, 0}));
  expect_refused<std::string>(hostile({1, 0xff, 1, 0, 0, 0, 0, 0, 0, 0, 'a'}));
  expect_refused<std::string>(hostile({0, 1, 'a'}));
  expect_refused<std::string>(hostile({3, 1, 'a'}));
  expect_refused<std::string>(hostile({2, 1, 'a'}));
}

TEST(decoder, limited_enums_inside_their_limits_pass) {
  std::vector<std::byte> bytes = hostile({2});
  reader in(bytes);
  level value{};
  decode(in, value);
  EXPECT_EQ(value, level::high);
}

}  // namespace
}  // namespace weft
