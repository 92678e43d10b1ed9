// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <weft/world/datatype.hpp>

#include "mpi/datatypes.hpp"

namespace weft::mpi {

/// A reduction in MPI's terms.
struct reduction_call {
  MPI_Datatype type;
  int count;
  MPI_Op operation;
};

/// Translates weft's reductions into MPI's.
///
/// An MPI operation is a C function without user data. Of what MPI passes to it only the datatype can say which
/// function of weft's is meant: so each pair of function and item type gets a duplicate of that type, with the function
/// as an attribute, and two MPI operations (commutative or not) serve all functions. A pool of trampolines would bound
/// the number of functions instead, and need a table that all transports of the process share.
class reductions {
 public:
  explicit reductions(datatypes& types);
  ~reductions();
  reductions(const reductions&) = delete;
  reductions& operator=(const reductions&) = delete;

  reduction_call call(std::uint64_t count, const datatype& type, const op& operation);

 private:
  struct tagged_type {
    op::function_type function;
    datatype item;
    MPI_Datatype tagged;
  };

  MPI_Datatype tagged(const datatype& item, op::function_type function);

  datatypes& types_;
  std::array<MPI_Op, static_cast<std::size_t>(reduction::function)> built_in_;
  std::array<MPI_Op, 2> functions_{MPI_OP_NULL, MPI_OP_NULL};  ///< indexed by `commutative`, made on first use
  std::vector<tagged_type> tagged_;  ///< as many as the program has functions times types: not bounded by us
};

}  // namespace weft::mpi
