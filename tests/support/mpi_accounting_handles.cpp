// SPDX-License-Identifier: BSL-1.0
// Definitions of the MPI functions that make and free communicators, datatypes and the other lasting handles: each
// calls its PMPI twin and counts.
#include "support/mpi_accounting_count.hpp"

namespace {

using weft::test::handle_kind;
using weft::test::detail::freed;
using weft::test::detail::made;

}  // namespace

// Functions whose last parameter, `result`, receives the new handle.
#define WEFT_MAKES(kind, null, name, parameters, ...)                             \
  int MPI_##name parameters {                                                     \
    const int code = PMPI_##name(__VA_ARGS__);                                    \
    return made(handle_kind::kind, code, code == MPI_SUCCESS && *result != null); \
  }
#define WEFT_FREES(kind, null, type, name)                       \
  int MPI_##name(type* handle) {                                 \
    const bool there = *handle != null;                          \
    return freed(handle_kind::kind, PMPI_##name(handle), there); \
  }

// clang-format off
extern "C" {

// Communicators.
#define WEFT_MAKES_COMM(name, parameters, ...) WEFT_MAKES(communicator, MPI_COMM_NULL, name, parameters, __VA_ARGS__)
WEFT_MAKES_COMM(Comm_dup, (MPI_Comm comm, MPI_Comm* result), comm, result)
WEFT_MAKES_COMM(Comm_dup_with_info, (MPI_Comm comm, MPI_Info info, MPI_Comm* result), comm, info, result)
WEFT_MAKES_COMM(Comm_create, (MPI_Comm comm, MPI_Group group, MPI_Comm* result), comm, group, result)
WEFT_MAKES_COMM(Comm_create_group, (MPI_Comm comm, MPI_Group group, int tag, MPI_Comm* result), comm, group, tag, result)
WEFT_MAKES_COMM(Comm_split, (MPI_Comm comm, int color, int key, MPI_Comm* result), comm, color, key, result)
WEFT_MAKES_COMM(Comm_split_type, (MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm* result), comm, type, key, info, result)
WEFT_MAKES_COMM(Cart_create, (MPI_Comm comm, int n, const int* dims, const int* periods, int reorder, MPI_Comm* result),
                comm, n, dims, periods, reorder, result)
WEFT_MAKES_COMM(Cart_sub, (MPI_Comm comm, const int* remain, MPI_Comm* result), comm, remain, result)
WEFT_MAKES_COMM(Intercomm_create, (MPI_Comm comm, int leader, MPI_Comm peer, int remote, int tag, MPI_Comm* result),
                comm, leader, peer, remote, tag, result)
WEFT_MAKES_COMM(Intercomm_merge, (MPI_Comm comm, int high, MPI_Comm* result), comm, high, result)
WEFT_MAKES_COMM(Comm_accept, (const char* port, MPI_Info info, int root, MPI_Comm comm, MPI_Comm* result), port, info, root, comm, result)
WEFT_MAKES_COMM(Comm_connect, (const char* port, MPI_Info info, int root, MPI_Comm comm, MPI_Comm* result), port, info, root, comm, result)
WEFT_FREES(communicator, MPI_COMM_NULL, MPI_Comm, Comm_free)
WEFT_FREES(communicator, MPI_COMM_NULL, MPI_Comm, Comm_disconnect)

int MPI_Comm_spawn(const char* command, char** arguments, int n, MPI_Info info, int root, MPI_Comm comm, MPI_Comm* result, int* codes) {
  const int code = PMPI_Comm_spawn(command, arguments, n, info, root, comm, result, codes);
  return made(handle_kind::communicator, code, code == MPI_SUCCESS && *result != MPI_COMM_NULL);
}

// Datatypes.
#define WEFT_MAKES_TYPE(name, parameters, ...) WEFT_MAKES(datatype, MPI_DATATYPE_NULL, name, parameters, __VA_ARGS__)
WEFT_MAKES_TYPE(Type_contiguous, (int n, MPI_Datatype type, MPI_Datatype* result), n, type, result)
WEFT_MAKES_TYPE(Type_vector, (int n, int block, int stride, MPI_Datatype type, MPI_Datatype* result), n, block, stride, type, result)
WEFT_MAKES_TYPE(Type_create_hvector, (int n, int block, MPI_Aint stride, MPI_Datatype type, MPI_Datatype* result),
                n, block, stride, type, result)
WEFT_MAKES_TYPE(Type_indexed, (int n, const int* blocks, const int* starts, MPI_Datatype type, MPI_Datatype* result),
                n, blocks, starts, type, result)
WEFT_MAKES_TYPE(Type_create_hindexed, (int n, const int* blocks, const MPI_Aint* starts, MPI_Datatype type, MPI_Datatype* result),
                n, blocks, starts, type, result)
WEFT_MAKES_TYPE(Type_create_indexed_block, (int n, int block, const int* starts, MPI_Datatype type, MPI_Datatype* result),
                n, block, starts, type, result)
WEFT_MAKES_TYPE(Type_create_hindexed_block, (int n, int block, const MPI_Aint* starts, MPI_Datatype type, MPI_Datatype* result),
                n, block, starts, type, result)
WEFT_MAKES_TYPE(Type_create_struct, (int n, const int* blocks, const MPI_Aint* starts, const MPI_Datatype* types, MPI_Datatype* result),
                n, blocks, starts, types, result)
WEFT_MAKES_TYPE(Type_create_subarray, (int n, const int* sizes, const int* parts, const int* starts, int order, MPI_Datatype type, MPI_Datatype* result),
                n, sizes, parts, starts, order, type, result)
WEFT_MAKES_TYPE(Type_create_resized, (MPI_Datatype type, MPI_Aint low, MPI_Aint extent, MPI_Datatype* result), type, low, extent, result)
WEFT_MAKES_TYPE(Type_dup, (MPI_Datatype type, MPI_Datatype* result), type, result)
WEFT_FREES(datatype, MPI_DATATYPE_NULL, MPI_Datatype, Type_free)

// Operations, groups, windows, infos, error handlers.
WEFT_MAKES(operation, MPI_OP_NULL, Op_create, (MPI_User_function* function, int commutes, MPI_Op* result), function, commutes, result)
WEFT_FREES(operation, MPI_OP_NULL, MPI_Op, Op_free)

#define WEFT_MAKES_GROUP(name, parameters, ...) WEFT_MAKES(group, MPI_GROUP_EMPTY, name, parameters, __VA_ARGS__)
WEFT_MAKES_GROUP(Comm_group, (MPI_Comm comm, MPI_Group* result), comm, result)
WEFT_MAKES_GROUP(Comm_remote_group, (MPI_Comm comm, MPI_Group* result), comm, result)
WEFT_MAKES_GROUP(Group_incl, (MPI_Group group, int n, const int* ranks, MPI_Group* result), group, n, ranks, result)
WEFT_MAKES_GROUP(Group_excl, (MPI_Group group, int n, const int* ranks, MPI_Group* result), group, n, ranks, result)
WEFT_MAKES_GROUP(Group_union, (MPI_Group a, MPI_Group b, MPI_Group* result), a, b, result)
WEFT_MAKES_GROUP(Group_intersection, (MPI_Group a, MPI_Group b, MPI_Group* result), a, b, result)
WEFT_MAKES_GROUP(Group_difference, (MPI_Group a, MPI_Group b, MPI_Group* result), a, b, result)
WEFT_FREES(group, MPI_GROUP_EMPTY, MPI_Group, Group_free)

#define WEFT_MAKES_WINDOW(name, parameters, ...) WEFT_MAKES(window, MPI_WIN_NULL, name, parameters, __VA_ARGS__)
WEFT_MAKES_WINDOW(Win_create, (void* base, MPI_Aint size, int unit, MPI_Info info, MPI_Comm comm, MPI_Win* result),
                  base, size, unit, info, comm, result)
WEFT_MAKES_WINDOW(Win_allocate, (MPI_Aint size, int unit, MPI_Info info, MPI_Comm comm, void* base, MPI_Win* result),
                  size, unit, info, comm, base, result)
WEFT_MAKES_WINDOW(Win_allocate_shared, (MPI_Aint size, int unit, MPI_Info info, MPI_Comm comm, void* base, MPI_Win* result),
                  size, unit, info, comm, base, result)
WEFT_MAKES_WINDOW(Win_create_dynamic, (MPI_Info info, MPI_Comm comm, MPI_Win* result), info, comm, result)
WEFT_FREES(window, MPI_WIN_NULL, MPI_Win, Win_free)

WEFT_MAKES(info, MPI_INFO_NULL, Info_create, (MPI_Info* result), result)
WEFT_MAKES(info, MPI_INFO_NULL, Info_dup, (MPI_Info info, MPI_Info* result), info, result)
WEFT_MAKES(info, MPI_INFO_NULL, Comm_get_info, (MPI_Comm comm, MPI_Info* result), comm, result)
WEFT_FREES(info, MPI_INFO_NULL, MPI_Info, Info_free)

WEFT_MAKES(error_handler, MPI_ERRHANDLER_NULL, Comm_create_errhandler, (MPI_Comm_errhandler_function* function, MPI_Errhandler* result),
           function, result)
WEFT_FREES(error_handler, MPI_ERRHANDLER_NULL, MPI_Errhandler, Errhandler_free)

int MPI_Comm_create_keyval(MPI_Comm_copy_attr_function* copy, MPI_Comm_delete_attr_function* drop, int* result, void* extra) {
  return made(handle_kind::keyval, PMPI_Comm_create_keyval(copy, drop, result, extra), true);
}
int MPI_Comm_free_keyval(int* handle) { return freed(handle_kind::keyval, PMPI_Comm_free_keyval(handle), true); }

}  // extern "C"
// clang-format on
