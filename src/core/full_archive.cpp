// SPDX-License-Identifier: BSL-1.0
#include <weft/core/full_archive.hpp>

#include <new>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <boost/archive/archive_exception.hpp>
#include <boost/archive/impl/archive_serializer_map.ipp>
#include <boost/serialization/extended_type_info.hpp>

template class boost::archive::detail::archive_serializer_map<weft::full_oarchive>;
template class boost::archive::detail::archive_serializer_map<weft::full_iarchive>;

namespace weft {

void full_iarchive::load_override(boost::archive::class_name_type& name) {
  std::string text;
  value(text);
  // Boost's buffer: BOOST_SERIALIZATION_MAX_KEY_SIZE characters with the final zero.
  if (text.size() >= BOOST_SERIALIZATION_MAX_KEY_SIZE) in().throw_invalid("a class name");
  std::memcpy(name.t, text.c_str(), text.size() + 1);
}

namespace detail {

namespace {

struct full_header {
  std::uint64_t size = 0;
  std::uint64_t checksum = 0;
};

std::uint64_t checksum_of(std::span<const std::byte> bytes) {
  return fnv1a({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

std::size_t begin_full_payload(byte_buffer& out) {
  std::size_t begin = out.size();
  full_header header;
  out.append(&header, sizeof header);
  return begin;
}

void end_full_payload(byte_buffer& out, std::size_t begin) {
  std::span<const std::byte> payload = out.bytes().subspan(begin + sizeof(full_header));
  full_header header{payload.size(), checksum_of(payload)};
  std::memcpy(out.data() + begin, &header, sizeof header);
}

std::span<const std::byte> take_full_payload(reader& in) {
  full_header header;
  in.raw(&header, sizeof header);
  if (header.size > in.remaining()) in.throw_too_long(header.size);
  std::span<const std::byte> payload(in.take(header.size), header.size);
  if (checksum_of(payload) != header.checksum) in.throw_invalid("the checksum of a value with pointers");
  return payload;
}

void rethrow_as_decode_error(std::string_view type) {
  try {
    throw;
  } catch (const boost::archive::archive_exception& e) {
    throw decode_error(fmt::format("{}: {}", type, e.what()));
  } catch (const std::bad_alloc&) {
    throw decode_error(fmt::format("{}: more memory is asked for than there is", type));
  } catch (const std::length_error& e) {
    throw decode_error(fmt::format("{}: {}", type, e.what()));
  }
}

}  // namespace detail

}  // namespace weft
