// SPDX-License-Identifier: BSL-1.0
#pragma once

// Boost 1.74: its container headers need this one before them.
#include <boost/serialization/library_version_type.hpp>

#include <boost/archive/detail/common_iarchive.hpp>
#include <boost/archive/detail/common_oarchive.hpp>
#include <boost/archive/detail/register_archive.hpp>
#include <boost/serialization/export.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/shared_ptr.hpp>
#include <boost/serialization/unique_ptr.hpp>
#include <boost/serialization/weak_ptr.hpp>

#include <weft/core/codec.hpp>

/// Values with pointers and polymorphic objects. Including this header makes `encode` and `decode` accept every value
/// whose serialize functions reach a raw pointer, `std::shared_ptr`, `std::weak_ptr` or a `std::unique_ptr` to a class
/// with virtual functions. Such a value is written as a whole by Boost.Serialization's own machinery: an object that is
/// pointed to twice arrives once, and classes registered by BOOST_CLASS_EXPORT arrive as what they are. What the
/// standard library offers is written as everywhere in weft, so std::variant and the unordered containers work here
/// too.
namespace weft {

class full_oarchive : public boost::archive::detail::common_oarchive<full_oarchive>,
                      public detail::value_writer<full_oarchive> {
  using boost_archive = boost::archive::detail::common_oarchive<full_oarchive>;
  friend class boost::archive::save_access;

 public:
  explicit full_oarchive(byte_buffer& out) : detail::value_writer<full_oarchive>(out) {}

  template <class T>
  void serialized(const T& v) {
    enter();
    boost_archive::save_override(v);
    leave();
  }
  template <class T>
  void pointer(const T& v) {
    serialized(v);
  }

  template <class T>
  void save_override(const T& v) {
    value(v);
  }
  // Boost's notes about objects and classes.
  void save_override(const boost::archive::class_id_optional_type&) {}
  void save_override(const boost::archive::class_id_type& id) { number<std::int16_t>(id); }
  void save_override(const boost::archive::class_id_reference_type& id) { number<std::int16_t>(id); }
  void save_override(const boost::archive::object_id_type& id) { number<std::uint32_t>(id); }
  void save_override(const boost::archive::object_reference_type& id) { number<std::uint32_t>(id); }
  void save_override(const boost::archive::version_type& version) { number<std::uint32_t>(version); }
  void save_override(const boost::archive::tracking_type& tracking) { number<bool>(tracking.t); }
  void save_override(const boost::archive::class_name_type& name) { value(std::string(name.t)); }

 private:
  template <class Number, class T>
  void number(const T& v) {
    value(static_cast<Number>(v));
  }
};

class full_iarchive : public boost::archive::detail::common_iarchive<full_iarchive>,
                      public detail::value_reader<full_iarchive> {
  using boost_archive = boost::archive::detail::common_iarchive<full_iarchive>;
  friend class boost::archive::load_access;

 public:
  static constexpr bool tracks_addresses = true;

  explicit full_iarchive(reader& in) : detail::value_reader<full_iarchive>(in) {}

  template <class T>
  void serialized(T& v) {
    enter();
    boost_archive::load_override(v);
    leave();
  }
  template <class T>
  void pointer(T& v) {
    serialized(v);
  }

  template <class T>
  void load_override(T& v) {
    value(v);
  }
  void load_override(boost::archive::class_id_optional_type&) {}
  void load_override(boost::archive::class_id_type& id) {
    id = boost::archive::class_id_type(int{number<std::int16_t>()});
  }
  void load_override(boost::archive::class_id_reference_type& id) {
    load_override(static_cast<boost::archive::class_id_type&>(id));
  }
  void load_override(boost::archive::object_id_type& id) {
    id = boost::archive::object_id_type(std::size_t{number<std::uint32_t>()});
  }
  void load_override(boost::archive::object_reference_type& id) {
    load_override(static_cast<boost::archive::object_id_type&>(id));
  }
  void load_override(boost::archive::version_type& version) {
    version = boost::archive::version_type(number<std::uint32_t>());
  }
  void load_override(boost::archive::tracking_type& tracking) {
    tracking = boost::archive::tracking_type(number<bool>());
  }
  void load_override(boost::archive::class_name_type& name);

 private:
  template <class Number>
  Number number() {
    Number n{};
    value(n);
    return n;
  }
};

namespace detail {

/// The full payload: {u64 size, u64 fnv1a of the bytes, bytes}. Boost's loader trusts the class and object numbers that
/// it reads, so damage must be found before it starts.
std::size_t begin_full_payload(byte_buffer& out);
void end_full_payload(byte_buffer& out, std::size_t begin);
std::span<const std::byte> take_full_payload(reader& in);
/// Throws what is being handled as decode_error.
[[noreturn]] void rethrow_as_decode_error(std::string_view type);

template <class Root>
struct full_codec {
  static void encode(byte_buffer& out, const Root& value) {
    std::size_t begin = begin_full_payload(out);
    full_oarchive archive(out);
    archive << value;
    archive.finish();
    end_full_payload(out, begin);
  }

  static void decode(reader& in, Root& value) {
    reader payload(take_full_payload(in));
    try {
      full_iarchive archive(payload);
      archive >> value;
    } catch (...) {
      rethrow_as_decode_error(type_name<Root>());
    }
    check_end(payload);
  }

  static inline const bool registered = (full_decoding<Root>::decode = &full_codec::decode, true);
};

}  // namespace detail

}  // namespace weft

BOOST_SERIALIZATION_REGISTER_ARCHIVE(weft::full_oarchive)
BOOST_SERIALIZATION_REGISTER_ARCHIVE(weft::full_iarchive)
