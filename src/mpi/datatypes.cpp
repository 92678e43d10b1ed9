// SPDX-License-Identifier: BSL-1.0
#include "mpi/datatypes.hpp"

#include <algorithm>
#include <cstring>

#include <weft/core/error.hpp>
#include <weft/mpi/opaque_datatype.hpp>

#include "mpi/error.hpp"

namespace weft::mpi {

namespace {

/// Owns an uncommitted type while others are built from it. Predefined types must not be freed, hence the flag.
class scratch_type {
 public:
  scratch_type(MPI_Datatype type, bool owned) : type_(type), owned_(owned) {}
  scratch_type(const scratch_type&) = delete;
  scratch_type& operator=(const scratch_type&) = delete;
  ~scratch_type() {
    if (owned_) MPI_Type_free(&type_);
  }
  MPI_Datatype get() const noexcept { return type_; }
  MPI_Datatype release() noexcept {
    owned_ = false;
    return type_;
  }

 private:
  MPI_Datatype type_;
  bool owned_;
};

MPI_Datatype hvector(MPI_Datatype base, std::uint64_t count, MPI_Aint stride) {
  MPI_Datatype made = MPI_DATATYPE_NULL;
  MPI_Aint lower = 0;
  MPI_Aint extent = 0;
  check(MPI_Type_get_extent(base, &lower, &extent), "MPI_Type_get_extent");
  const int n = static_cast<int>(count);
  if (extent == stride) {
    check(MPI_Type_contiguous(n, base, &made), "MPI_Type_contiguous");
  } else {
    check(MPI_Type_create_hvector(n, 1, stride, base, &made), "MPI_Type_create_hvector");
  }
  return made;
}

MPI_Datatype with_extent(MPI_Datatype base, std::uint64_t extent) {
  MPI_Datatype made = MPI_DATATYPE_NULL;
  check(MPI_Type_create_resized(base, 0, static_cast<MPI_Aint>(extent), &made), "MPI_Type_create_resized");
  return made;
}

std::array<MPI_Datatype, static_cast<std::size_t>(element_kind::count_)> predefined() {
  std::array<MPI_Datatype, static_cast<std::size_t>(element_kind::count_)> table{};
  const auto set = [&table](element_kind kind, MPI_Datatype type) { table[static_cast<std::size_t>(kind)] = type; };
  set(element_kind::byte, MPI_BYTE);
  set(element_kind::character, MPI_CHAR);
  set(element_kind::boolean, MPI_CXX_BOOL);
  set(element_kind::int8, MPI_INT8_T);
  set(element_kind::int16, MPI_INT16_T);
  set(element_kind::int32, MPI_INT32_T);
  set(element_kind::int64, MPI_INT64_T);
  set(element_kind::uint8, MPI_UINT8_T);
  set(element_kind::uint16, MPI_UINT16_T);
  set(element_kind::uint32, MPI_UINT32_T);
  set(element_kind::uint64, MPI_UINT64_T);
  set(element_kind::float32, MPI_FLOAT);
  set(element_kind::float64, MPI_DOUBLE);
  set(element_kind::long_double, MPI_LONG_DOUBLE);
  set(element_kind::complex64, MPI_C_FLOAT_COMPLEX);
  set(element_kind::complex128, MPI_C_DOUBLE_COMPLEX);
  return table;
}

}  // namespace

MPI_Datatype repeated(MPI_Datatype base, std::uint64_t count, MPI_Aint stride) {
  if (count <= INT_MAX) return hvector(base, count, stride);
  constexpr std::uint64_t chunk_items = std::uint64_t{1} << 30;
  const MPI_Aint chunk_stride = static_cast<MPI_Aint>(chunk_items) * stride;
  const std::uint64_t chunks = count / chunk_items;
  if (chunks > INT_MAX) throw world_error("more than 2^61 items in one message", MPI_ERR_COUNT);
  const scratch_type chunk(hvector(base, chunk_items, stride), true);
  const scratch_type whole(hvector(chunk.get(), chunks, chunk_stride), true);
  const scratch_type rest(hvector(base, count % chunk_items, stride), true);
  std::array<int, 2> lengths{1, 1};
  std::array<MPI_Aint, 2> places{0, static_cast<MPI_Aint>(chunks) * chunk_stride};
  std::array<MPI_Datatype, 2> types{whole.get(), rest.get()};
  MPI_Datatype made = MPI_DATATYPE_NULL;
  check(MPI_Type_create_struct(2, lengths.data(), places.data(), types.data(), &made), "MPI_Type_create_struct");
  return made;
}

datatype opaque_datatype(MPI_Datatype type) {
  int size = 0;
  MPI_Aint lower = 0;
  MPI_Aint extent = 0;
  check(MPI_Type_size(type, &size), "MPI_Type_size");
  check(MPI_Type_get_extent(type, &lower, &extent), "MPI_Type_get_extent");
  datatype d = datatype::bytes(static_cast<std::uint64_t>(size));
  d.is_element = false;
  d.is_opaque = true;
  d.extent = static_cast<std::uint64_t>(extent);
  // A handle is a pointer in one MPI and an int in another: its bytes are what both have.
  static_assert(sizeof type <= sizeof d.native);
  std::memcpy(&d.native, &type, sizeof type);
  return d;
}

MPI_Datatype native_datatype(const datatype& type) noexcept {
  MPI_Datatype handle;
  std::memcpy(&handle, &type.native, sizeof handle);
  return handle;
}

datatypes::datatypes() : elements_(predefined()) {}

datatypes::~datatypes() {
  if (!mpi_is_running()) return;
  free_retired();
  for (auto& [k, e] : derived_) MPI_Type_free(&e.type);
}

std::size_t datatypes::key_hash::operator()(const key& k) const noexcept {
  std::uint64_t h = 0;
  const auto mix = [&h](std::uint64_t value) { h = (h ^ value) * 0x9e3779b97f4a7c15u, h ^= h >> 32; };
  mix(static_cast<std::uint64_t>(k.type.kind));
  mix(k.type.blocks);
  mix(k.type.block_length);
  mix(static_cast<std::uint64_t>(k.type.stride));
  mix(k.type.extent);
  mix(k.type.native);
  mix(k.count);
  return static_cast<std::size_t>(h);
}

wire datatypes::general_message(std::uint64_t count, const datatype& type) {
  if (type.is_contiguous()) {
    const std::uint64_t per_item = type.blocks * type.block_length;
    const std::uint64_t total = count * per_item;
    if (per_item != 0 && total / per_item != count) {
      throw world_error("a message of more than 2^64 elements", MPI_ERR_COUNT);
    }
    if (total <= INT_MAX) return {element(type.kind), static_cast<int>(total)};
    return {derived({datatype::element(type.kind, type.element_size), total}), 1};
  }
  if (count <= INT_MAX) return {item(type), static_cast<int>(count)};
  return {derived({type, count}), 1};
}

MPI_Datatype datatypes::item(const datatype& type) {
  if (type.is_element) return element(type.kind);
  if (type.is_opaque) return native_datatype(type);
  return derived({type, 1});
}

MPI_Datatype datatypes::derived(const key& k) {
  const auto found = derived_.find(k);
  if (found != derived_.end()) {
    found->second.last_use = ++uses_;
    return found->second.type;
  }
  if (derived_.size() >= capacity) drop_longest_unused();
  const MPI_Datatype made = build(k);
  derived_.emplace(k, entry{made, ++uses_});
  return made;
}

MPI_Datatype datatypes::build(const key& k) const {
  const datatype& t = k.type;
  const auto extent = static_cast<MPI_Aint>(t.extent);
  MPI_Datatype made = MPI_DATATYPE_NULL;
  if (t.is_element || t.is_opaque) {
    made = repeated(t.is_opaque ? native_datatype(t) : element(t.kind), k.count, extent);
  } else {
    const scratch_type block(repeated(element(t.kind), t.block_length, static_cast<MPI_Aint>(t.element_size)), true);
    const scratch_type blocks(repeated(block.get(), t.blocks, static_cast<MPI_Aint>(t.stride)), true);
    scratch_type one(with_extent(blocks.get(), t.extent), true);
    made = k.count == 1 ? one.release() : repeated(one.get(), k.count, extent);
  }
  check(MPI_Type_commit(&made), "MPI_Type_commit");
  return made;
}

void datatypes::drop_longest_unused() {
  const auto oldest = std::min_element(derived_.begin(), derived_.end(), [](const auto& a, const auto& b) {
    return a.second.last_use < b.second.last_use;
  });
  retired_.push_back(oldest->second.type);
  derived_.erase(oldest);
}

void datatypes::free_retired() noexcept {
  for (MPI_Datatype& type : retired_) MPI_Type_free(&type);
  retired_.clear();
}

}  // namespace weft::mpi
