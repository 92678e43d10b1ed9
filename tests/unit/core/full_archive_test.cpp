// SPDX-License-Identifier: BSL-1.0
#include <weft/core/full_archive.hpp>

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include <boost/serialization/base_object.hpp>
#include <boost/serialization/vector.hpp>

namespace app {

class shape {
 public:
  virtual ~shape() = default;
  virtual double area() const = 0;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive&, unsigned) {}
};

class square : public shape {
 public:
  square() = default;
  explicit square(double side) : side_(side) {}
  double area() const override { return side_ * side_; }

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& boost::serialization::base_object<shape>(*this);
    archive& side_;
  }
  double side_ = 0;
};

class labelled : public square {
 public:
  labelled() = default;
  labelled(double side, std::string text) : square(side), text_(std::move(text)) {}
  const std::string& text() const { return text_; }

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& boost::serialization::make_nvp("base", boost::serialization::base_object<square>(*this));
    archive& boost::serialization::make_nvp("text", text_);
  }
  std::string text_;
};

/// Raw pointers inside: a ring, whose last node points to the first, which is held by value.
struct ring {
  struct node {
    int value = 0;
    node* next = nullptr;
    template <class Archive>
    void serialize(Archive& archive, unsigned) {
      archive& value& next;
    }
  };
  node first;
  std::unordered_map<std::string, std::variant<int, std::string>> notes;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& first& notes;
  }
};

/// A pointer into a container of the same value.
struct selection {
  std::vector<ring::node> nodes;
  ring::node* chosen = nullptr;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& nodes& chosen;
  }
};

/// No serialize function: reflected, with shared objects as fields.
struct scene {
  std::string name;
  std::vector<std::shared_ptr<shape>> shapes;
  std::optional<std::shared_ptr<shape>> selected;
  std::weak_ptr<shape> last;
};

}  // namespace app

BOOST_CLASS_EXPORT(app::square)
BOOST_CLASS_EXPORT(app::labelled)

namespace weft {
namespace {

template <class T>
T through_a_message(const T& value) {
  byte_buffer message;
  encode_message(message, value);
  return decode_message<T>(message.bytes());
}

TEST(full_archive, shared_pointer_at_the_top) {
  std::shared_ptr<app::shape> shape = std::make_shared<app::labelled>(3, "three");
  auto back = through_a_message(shape);
  ASSERT_NE(back, nullptr);
  EXPECT_EQ(back->area(), 9);
  auto* labelled = dynamic_cast<app::labelled*>(back.get());
  ASSERT_NE(labelled, nullptr);
  EXPECT_EQ(labelled->text(), "three");
  EXPECT_EQ(through_a_message(std::shared_ptr<app::shape>()), nullptr);
}

TEST(full_archive, unique_pointer_to_a_base) {
  std::unique_ptr<app::shape> shape = std::make_unique<app::square>(2);
  auto back = through_a_message(shape);
  ASSERT_NE(dynamic_cast<app::square*>(back.get()), nullptr);
  EXPECT_EQ(back->area(), 4);
}

TEST(full_archive, shared_objects_stay_shared_in_an_aggregate) {
  app::scene scene;
  scene.name = "scene";
  auto one = std::make_shared<app::square>(1);
  scene.shapes = {one, std::make_shared<app::labelled>(2, "two"), one, nullptr};
  scene.selected = one;
  scene.last = one;
  auto back = through_a_message(scene);
  ASSERT_EQ(back.shapes.size(), 4u);
  EXPECT_EQ(back.shapes[0], back.shapes[2]);
  EXPECT_NE(back.shapes[0], back.shapes[1]);
  EXPECT_EQ(back.shapes[3], nullptr);
  EXPECT_EQ(back.selected, back.shapes[0]);
  EXPECT_EQ(back.last.lock(), back.shapes[0]);
  EXPECT_EQ(back.name, "scene");
}

TEST(full_archive, values_without_pointers_inside_stay_light) {
  app::scene empty;
  empty.name = "empty";
  byte_buffer buffer;
  encode(buffer, std::vector<std::shared_ptr<app::shape>>());
  EXPECT_EQ(buffer.size(), 2u) << "format and length";
}

TEST(full_archive, raw_pointers_and_cycles) {
  app::ring ring;
  app::ring::node second{2, nullptr};
  app::ring::node third{3, &second};
  ring.first.value = 1;
  ring.first.next = &third;
  second.next = &ring.first;
  ring.notes = {{"a", 1}, {"b", "text"}};
  byte_buffer message;
  encode_message(message, ring);
  app::ring back;
  decode_message(message.bytes(), back);
  std::unique_ptr<app::ring::node> back_third(back.first.next);
  ASSERT_NE(back_third, nullptr);
  std::unique_ptr<app::ring::node> back_second(back_third->next);
  ASSERT_NE(back_second, nullptr);
  EXPECT_EQ(back_third->value, 3);
  EXPECT_EQ(back_second->value, 2);
  EXPECT_EQ(back_second->next, &back.first) << "the cycle closes at the object held by value";
  EXPECT_EQ(back.notes, ring.notes);
}

TEST(full_archive, a_pointer_into_a_vector_leads_into_the_vector) {
  app::selection selection;
  for (int i = 0; i < 1000; ++i) selection.nodes.push_back({i, nullptr});
  selection.chosen = &selection.nodes[700];
  byte_buffer message;
  encode_message(message, selection);
  app::selection back;
  decode_message(message.bytes(), back);
  ASSERT_EQ(back.nodes.size(), 1000u);
  EXPECT_EQ(back.chosen, &back.nodes[700]);
}

TEST(full_archive, values_follow_each_other) {
  byte_buffer buffer;
  std::shared_ptr<app::shape> shape = std::make_shared<app::square>(5);
  encode(buffer, shape);
  encode(buffer, 42);
  reader in(buffer.bytes());
  std::shared_ptr<app::shape> back;
  int number = 0;
  decode(in, back);
  decode(in, number);
  EXPECT_EQ(back->area(), 25);
  EXPECT_EQ(number, 42);
}

TEST(full_archive, damage_is_found_before_boost_reads) {
  std::shared_ptr<app::shape> shape = std::make_shared<app::labelled>(3, "three");
  byte_buffer message;
  encode_message(message, shape);
  for (std::size_t cut = 0; cut < message.size(); ++cut) {
    EXPECT_THROW(decode_message<std::shared_ptr<app::shape>>(message.bytes().first(cut)), decode_error) << cut;
  }
  for (std::size_t at = 0; at < message.size() * 8; ++at) {
    std::byte bit = std::byte(1u << (at % 8));
    message.data()[at / 8] ^= bit;
    EXPECT_THROW(decode_message<std::shared_ptr<app::shape>>(message.bytes()), decode_error) << "bit " << at;
    message.data()[at / 8] ^= bit;
  }
}

}  // namespace
}  // namespace weft
