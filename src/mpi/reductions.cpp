// SPDX-License-Identifier: BSL-1.0
#include "mpi/reductions.hpp"

#include <climits>
#include <type_traits>

#include <weft/core/error.hpp>

#include "mpi/error.hpp"

namespace weft::mpi {

namespace {

/// The attribute that holds the function. One per process, because the function that MPI calls knows nothing but its
/// arguments; made for the first transport that needs it, and freed with the last (one thread calls MPI).
struct shared_keyval {
  int value = MPI_KEYVAL_INVALID;
  int users = 0;
};
shared_keyval function_keyval;

void acquire_keyval() {
  if (function_keyval.users == 0) {
    check(MPI_Type_create_keyval(MPI_TYPE_NULL_COPY_FN, MPI_TYPE_NULL_DELETE_FN, &function_keyval.value, nullptr),
          "MPI_Type_create_keyval");
  }
  ++function_keyval.users;
}

void release_keyval() noexcept {
  if (--function_keyval.users == 0) MPI_Type_free_keyval(&function_keyval.value);
}

extern "C" void call_function(void* in, void* inout, int* count, MPI_Datatype* type) {
  void* value = nullptr;
  int found = 0;
  MPI_Type_get_attr(*type, function_keyval.value, &value, &found);
  if (found == 0) MPI_Abort(MPI_COMM_WORLD, MPI_ERR_INTERN);  // no exception can cross MPI's frames
  reinterpret_cast<op::function_type>(value)(in, inout, static_cast<std::uint64_t>(*count));
}

/// `bool` has no arithmetic and no bits in MPI: the logical operation that agrees on 0 and 1.
reduction for_boolean(reduction kind) noexcept {
  switch (kind) {
    case reduction::sum:
    case reduction::maximum:
    case reduction::bit_or:
      return reduction::logical_or;
    case reduction::product:
    case reduction::minimum:
    case reduction::bit_and:
      return reduction::logical_and;
    default:
      return kind;
  }
}

/// MPI_CHAR is text and MPI_BYTE has bits only: the integer of the same size and sign.
element_kind for_arithmetic(element_kind kind) noexcept {
  if (kind == element_kind::character) return std::is_signed_v<char> ? element_kind::int8 : element_kind::uint8;
  if (kind == element_kind::byte) return element_kind::uint8;
  return kind;
}

std::array<MPI_Op, static_cast<std::size_t>(reduction::function)> predefined_operations() {
  std::array<MPI_Op, static_cast<std::size_t>(reduction::function)> table{};
  const auto set = [&table](reduction kind, MPI_Op operation) { table[static_cast<std::size_t>(kind)] = operation; };
  set(reduction::sum, MPI_SUM);
  set(reduction::product, MPI_PROD);
  set(reduction::minimum, MPI_MIN);
  set(reduction::maximum, MPI_MAX);
  set(reduction::logical_and, MPI_LAND);
  set(reduction::logical_or, MPI_LOR);
  set(reduction::bit_and, MPI_BAND);
  set(reduction::bit_or, MPI_BOR);
  set(reduction::bit_xor, MPI_BXOR);
  return table;
}

}  // namespace

reductions::reductions(datatypes& types) : types_(types), built_in_(predefined_operations()) {}

reductions::~reductions() {
  if (!mpi_is_running()) return;
  for (tagged_type& t : tagged_) MPI_Type_free(&t.tagged);
  if (!tagged_.empty()) release_keyval();
  for (MPI_Op& operation : functions_) {
    if (operation != MPI_OP_NULL) MPI_Op_free(&operation);
  }
}

reduction_call reductions::call(std::uint64_t count, const datatype& type, const op& operation) {
  if (operation.kind == reduction::function) {
    if (count > INT_MAX) throw world_error("a reduction by a function takes at most 2^31-1 items", MPI_ERR_COUNT);
    MPI_Op& made = functions_[operation.commutative ? 1 : 0];
    if (made == MPI_OP_NULL) check(MPI_Op_create(call_function, operation.commutative ? 1 : 0, &made), "MPI_Op_create");
    return {tagged(type, operation.function), static_cast<int>(count), made};
  }
  if (!type.is_contiguous()) {
    if (!type.is_opaque) throw world_error("a built-in reduction needs contiguous elements", MPI_ERR_TYPE);
    if (count > INT_MAX) throw world_error("a reduction takes at most 2^31-1 items", MPI_ERR_COUNT);
    return {types_.item(type), static_cast<int>(count), built_in_[static_cast<std::size_t>(operation.kind)]};
  }
  const std::uint64_t elements = count * type.blocks * type.block_length;
  if (elements > INT_MAX) throw world_error("a reduction takes at most 2^31-1 elements", MPI_ERR_COUNT);
  const bool boolean = type.kind == element_kind::boolean;
  const reduction kind = boolean ? for_boolean(operation.kind) : operation.kind;
  // exclusive or of booleans is MPI_LXOR, which has no counterpart among weft's own reductions
  const MPI_Op made = boolean && kind == reduction::bit_xor ? MPI_LXOR : built_in_[static_cast<std::size_t>(kind)];
  return {types_.element(for_arithmetic(type.kind)), static_cast<int>(elements), made};
}

MPI_Datatype reductions::tagged(const datatype& item, op::function_type function) {
  for (const tagged_type& t : tagged_) {
    if (t.function == function && t.item == item) return t.tagged;
  }
  if (tagged_.empty()) acquire_keyval();
  MPI_Datatype made = MPI_DATATYPE_NULL;
  check(MPI_Type_dup(types_.item(item), &made), "MPI_Type_dup");
  tagged_.push_back({function, item, made});
  check(MPI_Type_set_attr(made, function_keyval.value, reinterpret_cast<void*>(function)), "MPI_Type_set_attr");
  return made;
}

}  // namespace weft::mpi
