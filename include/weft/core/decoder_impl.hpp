// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/core/decoder.hpp>

// The bodies of `detail::value_reader`, one per kind of value; included by decoder.hpp.
namespace weft::detail {

template <class Derived>
template <class T>
void value_reader<Derived>::value(T& v) {
  constexpr value_kind kind = kind_of<T>;
  if constexpr (kind == value_kind::bytes) {
    in_.raw(static_cast<void*>(&v), sizeof v);
    if constexpr (!any_bits_valid<T>) check_bits(v);
  } else if constexpr (kind == value_kind::boost_wrapper) {
    boost_wrapper<std::remove_const_t<T>>::apply(self(), v);
  } else if constexpr (kind == value_kind::boost_number) {
    v = T(static_cast<boost_number_value<T>>(in_.number()));
  } else if constexpr (kind == value_kind::array) {
    array(std::data(v), array_traits<T>::size);
  } else if constexpr (kind == value_kind::tuple) {
    std::apply([this](auto&... elements) { (this->value(elements), ...); }, v);
  } else if constexpr (kind == value_kind::optional) {
    if (!in_.boolean()) return v.reset();
    if (!v.has_value()) v.emplace();
    value(*v);
  } else if constexpr (kind == value_kind::owner) {
    if (!in_.boolean()) return v.reset();
    if (v == nullptr) v.reset(new typename T::element_type());
    value(*v);
  } else if constexpr (kind == value_kind::variant) {
    std::size_t index = in_.byte();
    if (index >= std::variant_size_v<T>) in_.throw_invalid("the index of a variant");
    alternative(v, index, std::make_index_sequence<std::variant_size_v<T>>{});
  } else if constexpr (kind == value_kind::bit_vector) {
    bits(v);
  } else if constexpr (kind == value_kind::block) {
    block(v);
  } else if constexpr (kind == value_kind::sequence) {
    sequence(v);
  } else if constexpr (kind == value_kind::forward_list) {
    forward_list(v);
  } else if constexpr (kind == value_kind::set) {
    set(v);
  } else if constexpr (kind == value_kind::map) {
    map(v);
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
void value_reader<Derived>::check_bits(T& v) {
  if constexpr (std::is_same_v<T, bool>) {
    // Read as a byte: loading a bool that is neither 0 nor 1 is undefined.
    unsigned char& byte = reinterpret_cast<unsigned char&>(v);
    if (byte <= 1) return;
    byte = 0;
    in_.throw_invalid("a boolean");
  } else if constexpr (has_enum_limits<T>) {
    using number = std::underlying_type_t<T>;
    auto n = static_cast<number>(v);
    if (n < static_cast<number>(enum_limits<T>::first) || n > static_cast<number>(enum_limits<T>::last)) {
      v = enum_limits<T>::first;
      in_.throw_invalid("an enumerator");
    }
  } else if constexpr (any_bits_valid<T>) {
    return;
  } else if constexpr (array_like<T>) {
    for (auto& element : v) check_bits(element);
  } else if constexpr (tuple_like<T>) {
    std::apply([this](auto&... elements) { (this->check_bits(elements), ...); }, v);
  } else {
    for_each_field(v, [this](auto& field) { this->check_bits(field); });
  }
}

template <class Derived>
template <class T>
void value_reader<Derived>::block(T& v) {
  using element = typename T::value_type;
  constexpr std::size_t chunk = 4096 / sizeof(element);
  std::size_t count = in_.length(sizeof(element));
  if constexpr (sizeof(element) == 1 && any_bits_valid<element>) {
    const auto* bytes = reinterpret_cast<const element*>(in_.take(count));
    return static_cast<void>(v.assign(bytes, bytes + count));
  }
  if (v.size() >= count || count <= chunk || chunk == 0) {
    v.resize(count);
    return array(v.data(), count);
  }
  // resize would write every element twice. The bytes are not aligned, so they pass through a small buffer that is and
  // that stays in the first-level cache.
  alignas(element) std::byte aligned[chunk == 0 ? 1 : chunk * sizeof(element)];
  auto* first = reinterpret_cast<element*>(aligned);
  v.clear();
  v.reserve(count);
  while (count != 0) {
    std::size_t part = std::min(count, chunk);
    array(first, part);
    v.insert(v.end(), first, first + part);
    count -= part;
  }
}

template <class Derived>
template <class T>
void value_reader<Derived>::bits(T& v) {
  std::size_t count = in_.bit_length();
  v.clear();
  v.reserve(count);
  std::uint8_t packed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 8 == 0) packed = in_.byte();
    v.push_back((packed & 1) != 0);
    packed = static_cast<std::uint8_t>(packed >> 1);
  }
  if (packed != 0) in_.throw_invalid("the padding of a bit vector");
}

template <class Derived>
template <class T>
void value_reader<Derived>::sequence(T& v) {
  std::size_t count = elements<typename T::value_type>();
  if (v.size() > count) v.resize(count);
  if constexpr (Derived::tracks_addresses) v.resize(count);  // a later pointer may lead to an element: none may move
  for (auto& element : v) value(element);                    // elements that are there keep their storage
  reserve<typename T::value_type>(v, count);
  for (std::size_t have = v.size(); have < count; ++have) {
    v.emplace_back();
    value(v.back());
  }
}

template <class Derived>
template <class T>
void value_reader<Derived>::forward_list(T& v) {
  std::size_t count = elements<typename T::value_type>();
  v.clear();
  auto last = v.before_begin();
  for (; count != 0; --count) {
    last = v.emplace_after(last);
    value(*last);
  }
}

template <class Derived>
template <class T>
void value_reader<Derived>::set(T& v) {
  using key_type = typename T::key_type;
  std::size_t count = elements<key_type>();
  v.clear();
  reserve<key_type>(v, count);
  for (std::size_t i = 0; i < count; ++i) {
    key_type key{};
    value(key);
    auto place = v.emplace_hint(v.end(), std::move(key));
    self().reset_object_address(&*place, &key);
  }
  if (v.size() != count) in_.throw_invalid("a repeated key");
}

template <class Derived>
template <class T>
void value_reader<Derived>::map(T& v) {
  using key_type = typename T::key_type;
  using mapped_type = typename T::mapped_type;
  std::size_t count = elements<key_type, mapped_type>();
  v.clear();
  reserve<key_type, mapped_type>(v, count);
  for (std::size_t i = 0; i < count; ++i) {
    key_type key{};
    value(key);
    auto place =
        v.emplace_hint(v.end(), std::piecewise_construct, std::forward_as_tuple(std::move(key)), std::tuple<>());
    self().reset_object_address(&place->first, &key);
    value(place->second);
  }
  if (v.size() != count) in_.throw_invalid("a repeated key");
}

template <class Derived>
template <class T>
void value_reader<Derived>::aggregate(T& v) {
  assert_encodable_aggregate<T>();
  if constexpr (is_reflectable<T>) {
    enter();
    for_each_field(v, [this](auto& field) {
      refuse_pointer_fields<std::remove_cvref_t<decltype(field)>>();
      this->value(field);
    });
    leave();
  }
}

}  // namespace weft::detail
