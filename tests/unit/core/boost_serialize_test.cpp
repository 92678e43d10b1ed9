// SPDX-License-Identifier: BSL-1.0
#include <weft/core/codec.hpp>

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <string>
#include <vector>

#include <boost/container/flat_map.hpp>
#include <boost/optional.hpp>
#include <boost/serialization/array_wrapper.hpp>
#include <boost/serialization/base_object.hpp>
#include <boost/serialization/binary_object.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/optional.hpp>
#include <boost/serialization/split_free.hpp>
#include <boost/serialization/split_member.hpp>
#include <boost/serialization/vector.hpp>
#include <boost/serialization/version.hpp>

namespace app {

/// Private member function, base object, name-value pairs.
class base {
 public:
  int id = 0;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& id;
  }
};

class derived : public base {
 public:
  std::map<std::string, std::vector<int>> table;
  boost::optional<std::string> note;
  friend bool operator==(const derived& a, const derived& b) {
    return a.id == b.id && a.table == b.table && a.note == b.note;
  }

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive.template register_type<derived>();
    archive& boost::serialization::make_nvp("base", boost::serialization::base_object<base>(*this));
    archive& BOOST_SERIALIZATION_NVP(table);
    archive& note;
  }
};

/// Private save and load.
class split {
 public:
  split() = default;
  explicit split(int value) : value_(value) {}
  int value() const { return value_; }

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void save(Archive& archive, unsigned) const {
    std::string text = std::to_string(value_);
    archive << text;
  }
  template <class Archive>
  void load(Archive& archive, unsigned) {
    std::string text;
    archive >> text;
    value_ = std::stoi(text);
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
  int value_ = 0;
};

/// Free functions: one in the type's namespace, one split in boost::serialization.
class near {
 public:
  int value = 0;
  near() = default;
  explicit near(int v) : value(v) {}
};
template <class Archive>
void serialize(Archive& archive, near& n, const unsigned int) {
  archive& n.value;
}

class far {
 public:
  double value = 0;
  far() = default;
  explicit far(double v) : value(v) {}
};

/// Blocks of memory.
struct blocks {
  double numbers[5] = {};
  char text[8] = {};
  std::string words[2];
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& boost::serialization::make_array(numbers, 5);
    archive& boost::serialization::make_binary_object(text, sizeof text);
    archive& boost::serialization::make_array(words, 2);
  }
};

/// What a class was, and what it became.
struct first_form {
  int a = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& a;
  }
};
struct second_form {
  int a = 0;
  std::string b = "default";
  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    archive& a;
    if (version >= 3) archive& b;
  }
};

/// Plain memory, but its author wants only a part to be sent.
struct cached {
  int value = 0;
  int cache = 7;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& value;
  }
};

/// A container with more: its serialize wins over its shape.
struct tagged : std::vector<int> {
  int tag = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& static_cast<std::vector<int>&>(*this) & tag;
  }
};

class bitwise {
 public:
  bitwise() = default;
  explicit bitwise(int v) : value_(v) {}
  int value() const { return value_; }

 private:
  int value_ = 0;
};

class final_one final {
 public:
  int value = 0;
  final_one() = default;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& value;
  }
};

}  // namespace app

BOOST_CLASS_VERSION(app::second_form, 3)
BOOST_IS_BITWISE_SERIALIZABLE(app::bitwise)

namespace boost::serialization {
template <class Archive>
void save(Archive& archive, const app::far& f, const unsigned int) {
  archive << f.value;
}
template <class Archive>
void load(Archive& archive, app::far& f, const unsigned int) {
  archive >> f.value;
}
}  // namespace boost::serialization
BOOST_SERIALIZATION_SPLIT_FREE(app::far)

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
  return back;
}

TEST(boost_serialize, kinds) {
  using detail::kind_of;
  using detail::value_kind;
  static_assert(kind_of<app::derived> == value_kind::serialize);
  static_assert(kind_of<app::split> == value_kind::serialize);
  static_assert(kind_of<app::near> == value_kind::serialize);
  static_assert(kind_of<app::far> == value_kind::serialize);
  static_assert(kind_of<app::cached> == value_kind::serialize && !is_bytes<app::cached>);
  static_assert(kind_of<app::final_one> == value_kind::serialize);
  static_assert(kind_of<std::vector<app::near>> == value_kind::sequence, "also with Boost's vector.hpp included");
  static_assert(is_bytes<app::bitwise>);
}

TEST(boost_serialize, private_member_base_and_names) {
  app::derived value;
  value.id = 7;
  value.table = {{"a", {1, 2}}, {"b", {}}};
  value.note = std::string("note");
  EXPECT_TRUE(round_trip(value) == value);
  value.note = boost::none;
  EXPECT_TRUE(round_trip(value) == value);
  EXPECT_TRUE(round_trip(std::vector<app::derived>(3, value)) == std::vector<app::derived>(3, value));
}

TEST(boost_serialize, split_and_free_functions) {
  EXPECT_EQ(round_trip(app::split(42)).value(), 42);
  EXPECT_EQ(round_trip(app::near(43)).value, 43);
  EXPECT_EQ(round_trip(app::far(4.5)).value, 4.5);
  EXPECT_EQ(round_trip(app::bitwise(5)).value(), 5);
  app::final_one last;
  last.value = 6;
  EXPECT_EQ(round_trip(last).value, 6);
}

TEST(boost_serialize, only_what_serialize_names_is_sent) {
  app::cached value;
  value.value = 1;
  value.cache = 2;
  EXPECT_EQ(round_trip(value).value, 1);
  EXPECT_EQ(round_trip(value).cache, 7);
}

TEST(boost_serialize, wins_over_the_shape_of_a_container) {
  app::tagged value;
  value.assign({1, 2, 3});
  value.tag = 9;
  app::tagged back = round_trip(value);
  EXPECT_EQ(back, value);
  EXPECT_EQ(back.tag, 9);
}

TEST(boost_serialize, containers_that_are_not_std_go_by_their_shape) {
  boost::container::flat_map<int, std::string> map{{1, "one"}, {2, "two"}};
  EXPECT_EQ(round_trip(map), map);
}

TEST(boost_serialize, arrays_and_binary_objects) {
  app::blocks value;
  value.numbers[4] = 2.5;
  value.text[7] = 'z';
  value.words[1] = "word";
  app::blocks back = round_trip(value);
  EXPECT_EQ(back.numbers[4], 2.5);
  EXPECT_EQ(back.text[7], 'z');
  EXPECT_EQ(back.words[1], "word");
}

TEST(boost_serialize, an_older_version_is_read) {
  byte_buffer buffer;
  encode(buffer, app::first_form{5});
  reader in(buffer.bytes());
  app::second_form back;
  decode(in, back);
  EXPECT_EQ(back.a, 5);
  EXPECT_EQ(back.b, "default");
}

TEST(boost_serialize, a_newer_version_is_refused_by_name) {
  byte_buffer buffer;
  encode(buffer, app::second_form{5, "new"});
  EXPECT_EQ(round_trip(app::second_form{5, "new"}).b, "new");
  reader in(buffer.bytes());
  app::first_form back;
  try {
    decode(in, back);
    FAIL() << "read a version it does not know";
  } catch (const decode_error& e) {
    EXPECT_NE(std::string(e.what()).find("version 3 of app::first_form"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace weft
