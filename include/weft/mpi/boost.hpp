// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <type_traits>

#include <boost/mpi/datatype.hpp>

#include <weft/comm/value.hpp>
#include <weft/mpi/opaque_datatype.hpp>

/// Types declared to Boost.MPI (`BOOST_IS_MPI_DATATYPE`, a specialised `boost::mpi::is_mpi_datatype`) travel as the MPI
/// datatype that Boost builds for them, so that a `boost::mpi::communicator` on the other side understands them. To be
/// included after the declarations' headers and wherever such a value is sent or received, on all ranks alike.
namespace weft {

template <class T>
requires(boost::mpi::is_mpi_datatype<T>::value &&
         !boost::mpi::is_mpi_builtin_datatype<T>::value) struct declared_datatype<T> : std::true_type {
  /// Boost builds the datatype once and keeps it until its `environment` ends.
  static const datatype& get() {
    static const datatype type = mpi::opaque_datatype(boost::mpi::get_mpi_datatype(T()));
    return type;
  }
};

}  // namespace weft
