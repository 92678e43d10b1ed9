// SPDX-License-Identifier: BSL-1.0
#include <weft/core/codec.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace {

template <class T>
void send() {
  weft::byte_buffer buffer;
  T value{};
  weft::encode_message(buffer, value);
  weft::decode_message(buffer.bytes(), value);
}

#if SECTION == 0
struct shown {
  int a[3];
  std::string b;
};
using sent = shown;
#elif SECTION == 1
// expect: has a raw pointer as a field
struct with_pointer {
  int size;
  double* data;
};
using sent = with_pointer;
#elif SECTION == 2
// expect: an address means nothing in another process
using sent = int*;
#elif SECTION == 3
// expect: type of the standard library cannot be sent
struct with_view {
  std::string_view text;
};
using sent = with_view;
#elif SECTION == 4
// expect: has a base class
struct base {
  int a;
};
struct with_base : base {
  std::string b;
};
using sent = with_base;
#elif SECTION == 5
// expect: not an aggregate
class closed {
 public:
  closed() : text_("closed") {}

 private:
  std::string text_;
};
using sent = closed;
#elif SECTION == 6
// expect: more than 32 fields
struct wide {
  int f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23,
      f24, f25, f26, f27, f28, f29, f30, f31, f32, f33;
};
using sent = wide;
#elif SECTION == 7
// expect: #include <weft/core/full_archive.hpp>
using sent = std::shared_ptr<int>;
#elif SECTION == 8
// expect: #include <weft/core/full_archive.hpp>
class list {
 public:
  int size = 0;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & size & next_;
  }
  list* next_ = nullptr;
};
using sent = list;
#elif SECTION == 9
// expect: is const or a reference
struct with_constant {
  const int a = 1;
  std::string b;
};
using sent = with_constant;
#elif SECTION == 10
// expect: has no \(implicit\) default constructor
struct needs_a_number {
  explicit needs_a_number(int n) : number(n) {}
  int number;
};
struct with_needy {
  int a = 0;
  needs_a_number b = needs_a_number(1);
};
using sent = with_needy;
#elif SECTION == 11
// expect: virtual functions needs a serialize function
struct living {
  virtual ~living() = default;
  int a = 0;
};
using sent = living;
#elif SECTION == 12
// expect: a union has no fields
union either {
  int a;
  float b;
};
using sent = either;
#elif SECTION == 13
// expect: must be trivially copyable
struct resource {
  std::string text;
};
}  // namespace
template <>
inline constexpr bool weft::declared_as_bytes<resource> = true;
namespace {
using sent = resource;
#endif

}  // namespace

void use();
void use() { send<sent>(); }
