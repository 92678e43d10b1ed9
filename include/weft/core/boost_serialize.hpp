// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <boost/serialization/access.hpp>

// What weft must know of Boost.Serialization to drive its users' functions without including more of it than
// access.hpp. The names below are Boost's own; they stay incomplete unless the user included their headers.
namespace boost::serialization {
template <class T>
struct version;
template <class T>
struct is_bitwise_serializable;
template <class T>
class nvp;
template <class T>
class array_wrapper;
struct binary_object;
class collection_size_type;
class item_version_type;
struct version_type;
}  // namespace boost::serialization

namespace weft::detail {

/// The version argument of a free `serialize`: it must make namespace boost::serialization an associated one, because
/// that is where users put overloads for types they do not own; the template argument does that.
template <class = boost::serialization::access>
struct version_argument {
  unsigned value = 0;
  operator unsigned() const noexcept { return value; }
};

namespace free_serialize {

struct no_overload {};

// Stands in for an archive while overloads are looked up.
struct probe_archive {
  template <class T>
  probe_archive& operator&(T&&);
};

// As general as Boost's own default, boost::serialization::serialize. Without a user's overload the call below finds
// this one (void is not returned), or is ambiguous when Boost's default is visible too; a user's overload is more
// specialised than both.
template <class Archive, class T>
no_overload serialize(Archive&, T&, const unsigned int);

template <class T>
concept found = requires(probe_archive& archive, T& value, version_argument<> version) {
  { serialize(archive, value, version) } -> std::same_as<void>;
};

}  // namespace free_serialize

// A member named `serialize`, private ones included: the name becomes ambiguous in a class that inherits it twice.
struct has_name_serialize {
  int serialize;
};
template <class T>
struct inherits_both : T, has_name_serialize {};

template <class T>
consteval bool find_member_serialize() {
  if constexpr (!std::is_class_v<T>) {
    return false;
  } else if constexpr (std::is_final_v<T>) {
    // Nothing can inherit from it: a final class that is no aggregate is taken to have one, and the compiler says so if
    // not.
    return !std::is_aggregate_v<T> || requires(free_serialize::probe_archive & archive, T & value) {
      value.serialize(archive, 0u);
    };
  } else {
    return !requires { &inherits_both<T>::serialize; };
  }
}

/// `T` has a Boost.Serialization `serialize`: a member, or a free function in its own namespace or
/// boost::serialization.
template <class T>
inline constexpr bool has_serialize = find_member_serialize<T>() || free_serialize::found<T>;

/// BOOST_CLASS_VERSION, 0 when it was not used.
template <class T>
consteval unsigned class_version() {
  if constexpr (requires { boost::serialization::version<T>::value; }) {
    static_assert(boost::serialization::version<T>::value >= 0 && boost::serialization::version<T>::value < 256);
    return static_cast<unsigned>(boost::serialization::version<T>::value);
  } else {
    return 0;
  }
}

/// BOOST_IS_BITWISE_SERIALIZABLE.
template <class T>
consteval bool is_declared_bitwise() {
  if constexpr (requires { boost::serialization::is_bitwise_serializable<T>::value; }) {
    return boost::serialization::is_bitwise_serializable<T>::value;
  } else {
    return false;
  }
}

/// Calls the user's function, the free one first as Boost does.
template <class Archive, class T>
void call_serialize(Archive& archive, T& value, unsigned version) {
  if constexpr (free_serialize::found<T>) {
    serialize(archive, value, version_argument<>{version});
  } else {
    boost::serialization::access::serialize(archive, value, version);
  }
}

template <class T>
struct boost_wrapper : std::false_type {};
template <class T>
struct boost_wrapper<boost::serialization::nvp<T>> : std::true_type {
  template <class Archive, class Wrapper>
  static void apply(Archive& archive, Wrapper& nvp) {
    archive& nvp.value();
  }
};
template <class T>
struct boost_wrapper<boost::serialization::array_wrapper<T>> : std::true_type {
  template <class Archive, class Wrapper>
  static void apply(Archive& archive, Wrapper& array) {
    archive.array(array.address(), array.count());
  }
};
template <>
struct boost_wrapper<boost::serialization::binary_object> : std::true_type {
  template <class Archive, class Wrapper>
  static void apply(Archive& archive, Wrapper& object) {
    if constexpr (Archive::is_saving::value) {
      archive.save_binary(object.m_t, object.m_size);
    } else {
      archive.load_binary(const_cast<void*>(object.m_t), object.m_size);
    }
  }
};

/// The numbers that Boost's own container functions write, as classes of their own.
template <class T>
inline constexpr bool is_boost_number =
    std::is_same_v<T, boost::serialization::collection_size_type> ||
    std::is_same_v<T, boost::serialization::item_version_type> || std::is_same_v<T, boost::serialization::version_type>;

}  // namespace weft::detail
