// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace weft::mpi {

/// MPI's lifetime: initialised in the constructor with `MPI_THREAD_FUNNELED` unless it already is, finalized in the
/// destructor if the constructor initialised it. Collective over all processes of the job; one object per process.
///
/// Before it initialises Open MPI it sets what Open MPI 4.1 needs to be safe and quick on one node, unless the user has
/// set it: see `environment.cpp`.
///
/// Throws `environment_error` if MPI offers too low a thread level, if the calling thread is not the one that
/// initialised MPI, if MPI is already finalized, or if the program was started by the launcher of another MPI (which
/// gives as many jobs of one rank as there should be ranks).
class environment {
 public:
  environment(int& argc, char**& argv);
  ~environment();
  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;

  /// Whether the destructor finalizes MPI.
  bool owns_mpi() const noexcept { return owns_mpi_; }

 private:
  bool owns_mpi_ = false;
};

/// Throws `environment_error` if the launcher's variables speak of more ranks than MPI knows of. MPI is initialised.
void check_launcher();

}  // namespace weft::mpi
