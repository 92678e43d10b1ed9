// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <cstring>
#include <iterator>

#include <boost/mpl/bool.hpp>

#include <weft/core/bytes.hpp>
#include <weft/core/value_kind.hpp>

namespace weft::detail {

/// Objects nested deeper than this (a linked list through unique_ptr, say) are refused when encoded and when decoded:
/// decoding recurses, and hostile bytes must not exhaust the stack.
inline constexpr unsigned max_depth = 1000;

/// What `get_library_version` of the light archives says; Boost's own container functions ask for it.
inline constexpr unsigned boost_library_version = 18;

inline constexpr std::uint8_t long_length = 0xff;

[[noreturn]] void throw_too_deep_to_encode();
[[noreturn]] void throw_valueless_variant();

/// Defined by <weft/core/full_archive.hpp>; incomplete without it.
template <class Root>
struct full_codec;

/// How the payload of a value was written.
enum class payload_format : std::uint8_t { light = 1, full = 2 };

/// A number that only Boost's own classes hold; the cast picks one of their conversion operators.
template <class T>
using boost_number_value = std::conditional_t<sizeof(T) == sizeof(std::size_t), std::size_t, unsigned>;

template <class T>
consteval void refuse_pointer_fields() {
  static_assert(!std::is_pointer_v<T>,
                "weft: this aggregate has a raw pointer as a field, and an address means nothing in another process; "
                "use a value, std::optional, std::unique_ptr or std::shared_ptr, or write a serialize function");
}

template <class T>
consteval void assert_encodable_aggregate() {
  static_assert(!in_std<T>,
                "weft: this type of the standard library cannot be sent: it owns no data (a view, a span), "
                "holds code, or is bound to this process");
  static_assert(!std::is_polymorphic_v<T>, "weft: a class with virtual functions needs a serialize function");
  if constexpr (!in_std<T> && !std::is_polymorphic_v<T>) assert_reflectable<T>();
}

/// Writes values behind the content of a buffer. `Derived` is the archive that serialize functions see, and says what
/// happens to objects that have one (`serialized`) and to pointers (`pointer`).
template <class Derived>
class value_writer {
 public:
  explicit value_writer(byte_buffer& out)
      : out_(out), next_(out.data() + out.size()), end_(out.data() + out.capacity()) {}
  value_writer(const value_writer&) = delete;
  value_writer& operator=(const value_writer&) = delete;

  /// Makes what was written part of the buffer.
  void finish() { out_.resize(next_ == nullptr ? 0 : static_cast<std::size_t>(next_ - out_.data())); }

  void raw(const void* from, std::size_t count) {
    if (count > static_cast<std::size_t>(end_ - next_)) [[unlikely]]
      grow(count);
    std::memcpy(next_, from, count);
    next_ += count;
  }
  void byte(std::uint8_t value) { raw(&value, 1); }
  void length(std::uint64_t count) {
    if (count < long_length) return byte(static_cast<std::uint8_t>(count));
    byte(long_length);
    raw(&count, sizeof count);
  }
  void save_binary(const void* from, std::size_t count) {
    if (count != 0) raw(from, count);
  }

  template <class T>
  void value(const T& v);
  template <class T>
  void array(const T* first, std::size_t count) {
    if constexpr (is_bytes<T>) {
      save_binary(first, count * sizeof(T));
    } else {
      for (std::size_t i = 0; i < count; ++i) value(first[i]);
    }
  }

 protected:
  void enter() {
    if (++depth_ > max_depth) throw_too_deep_to_encode();
  }
  void leave() { --depth_; }

 private:
  Derived& self() noexcept { return static_cast<Derived&>(*this); }
  void grow(std::size_t count) {
    finish();
    out_.reserve_more(count);
    next_ = out_.data() + out_.size();
    end_ = out_.data() + out_.capacity();
  }
  template <class T>
  void elements(const T& v) {
    for (const auto& element : v) value(element);
  }
  template <class T>
  void bits(const T& v);
  template <class T>
  void aggregate(const T& v);

  byte_buffer& out_;
  std::byte* next_;
  std::byte* end_;
  unsigned depth_ = 0;
};

template <class Derived>
template <class T>
void value_writer<Derived>::value(const T& v) {
  constexpr value_kind kind = kind_of<T>;
  if constexpr (kind == value_kind::bytes) {
    raw(&v, sizeof v);
  } else if constexpr (kind == value_kind::boost_wrapper) {
    boost_wrapper<T>::apply(self(), v);
  } else if constexpr (kind == value_kind::boost_number) {
    length(static_cast<boost_number_value<T>>(v));
  } else if constexpr (kind == value_kind::array) {
    array(std::data(v), array_traits<T>::size);
  } else if constexpr (kind == value_kind::tuple) {
    std::apply([this](const auto&... elements) { (this->value(elements), ...); }, v);
  } else if constexpr (kind == value_kind::optional) {
    byte(v.has_value());
    if (v.has_value()) value(*v);
  } else if constexpr (kind == value_kind::owner) {
    byte(v != nullptr);
    if (v != nullptr) value(*v);
  } else if constexpr (kind == value_kind::variant) {
    static_assert(std::variant_size_v<T> < 255);
    if (v.valueless_by_exception()) throw_valueless_variant();
    byte(static_cast<std::uint8_t>(v.index()));
    std::visit([this](const auto& alternative) { this->value(alternative); }, v);
  } else if constexpr (kind == value_kind::bit_vector) {
    bits(v);
  } else if constexpr (kind == value_kind::block) {
    length(v.size());
    array(v.data(), v.size());
  } else if constexpr (kind == value_kind::forward_list) {
    length(static_cast<std::uint64_t>(std::distance(v.begin(), v.end())));
    elements(v);
  } else if constexpr (kind == value_kind::sequence || kind == value_kind::set) {
    length(v.size());
    elements(v);
  } else if constexpr (kind == value_kind::map) {
    length(v.size());
    for (const auto& entry : v) {
      value(entry.first);
      value(entry.second);
    }
  } else if constexpr (kind == value_kind::pointer) {
    self().pointer(v);
  } else if constexpr (kind == value_kind::serialize) {
    self().serialized(v);
  } else {
    aggregate(v);
  }
}

template <class Derived>
template <class T>
void value_writer<Derived>::bits(const T& v) {
  length(v.size());
  std::uint8_t packed = 0;
  unsigned used = 0;
  for (bool bit : v) {
    packed = static_cast<std::uint8_t>(packed | (static_cast<unsigned>(bit) << used));
    if (++used == 8) {
      byte(packed);
      packed = 0;
      used = 0;
    }
  }
  if (used != 0) byte(packed);
}

template <class Derived>
template <class T>
void value_writer<Derived>::aggregate(const T& v) {
  assert_encodable_aggregate<T>();
  if constexpr (is_reflectable<T>) {
    enter();
    for_each_field(v, [this](const auto& field) {
      refuse_pointer_fields<std::remove_cvref_t<decltype(field)>>();
      this->value(field);
    });
    leave();
  }
}

/// The light archive, saving. `Root` is the type of the whole value: when it turns out to hold pointers, the whole is
/// written again by the full archive.
template <class Root>
class encoder : public value_writer<encoder<Root>> {
 public:
  using is_saving = boost::mpl::bool_<true>;
  using is_loading = boost::mpl::bool_<false>;
  using full_function = void (*)(byte_buffer& out, const Root& value);

  using value_writer<encoder>::value_writer;

  /// Not null: the value holds pointers, what was written is void, and this function writes it.
  full_function full() const noexcept { return full_; }

  template <class T>
  void serialized(const T& v) {
    // The version is always there: a class can gain its first BOOST_CLASS_VERSION and still read what it wrote before,
    // and no object is empty on the wire, so that lengths can be checked.
    constexpr unsigned version = class_version<T>();
    this->enter();
    this->byte(static_cast<std::uint8_t>(version));
    call_serialize(*this, const_cast<T&>(v), version);
    this->leave();
  }

  template <class T>
  void pointer(const T&) {
    static_assert(
        requires { sizeof(full_codec<Root>); },
        "weft: this value holds pointers or polymorphic objects; #include <weft/core/full_archive.hpp>");
    if constexpr (requires { sizeof(full_codec<Root>); }) full_ = &full_codec<Root>::encode;
  }

  // --- the rest of a Boost archive's face --------------------------------------------------------------------------
  template <class T>
  encoder& operator&(const T& v) {
    this->value(v);
    return *this;
  }
  template <class T>
  encoder& operator<<(const T& v) {
    this->value(v);
    return *this;
  }
  template <class T>
  void register_type(const T* = nullptr) {}
  unsigned get_library_version() const noexcept { return boost_library_version; }

 private:
  full_function full_ = nullptr;
};

}  // namespace weft::detail
