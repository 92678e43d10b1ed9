// SPDX-License-Identifier: BSL-1.0
#include <weft/mpi/environment.hpp>

#include <mpi.h>

#include <array>
#include <cstdlib>
#include <string>

#include <weft/core/error.hpp>

#include "mpi/error.hpp"
#include "mpi/facts.hpp"

namespace weft::mpi {

namespace {

struct launcher_variable {
  const char* name;
  const char* launcher;
};

/// How many ranks there should be, in the words of each launcher.
constexpr std::array launcher_variables{
    launcher_variable{"OMPI_COMM_WORLD_SIZE", "Open MPI's mpirun"},
    launcher_variable{"PMI_SIZE", "an MPICH-like mpirun (PMI_SIZE)"},
    launcher_variable{"MPI_LOCALNRANKS", "an MPICH-like mpirun (MPI_LOCALNRANKS)"},
};

/// Open MPI 4.1 fetches a long message straight into the receiver's buffer by the message's length, not the buffer's:
/// one that is too long is reported as truncated after it has overwritten what lies behind (ob1's get protocol with
/// the btls self and vader, and its put protocol with tcp). Without get and put it copies through shared memory, stays
/// within the buffer, and was 4 to 7 times faster from 8 KiB to 4 MiB where this was measured (system calls that copy
/// between processes are slow on virtual machines). A variable that the user has set stays.
void prepare_open_mpi() {
  for (const char* name : {"OMPI_MCA_btl_self_flags", "OMPI_MCA_btl_vader_flags", "OMPI_MCA_btl_tcp_flags"}) {
    setenv(name, "send,inplace", 0);
  }
}

/// Returns whether this call initialised MPI.
bool initialize(int& argc, char**& argv) {
  int flag = 0;
  MPI_Finalized(&flag);
  if (flag != 0) throw environment_error("MPI is already finalized in this process and cannot be started again");
  MPI_Initialized(&flag);
  if (flag != 0) {
    int is_main = 0;
    check(MPI_Is_thread_main(&is_main), "MPI_Is_thread_main");
    if (is_main == 0) {
      throw environment_error("weft must be used by the thread that initialised MPI, and this is another one");
    }
    return false;
  }
  prepare_open_mpi();
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_FUNNELED) {
    MPI_Finalize();
    throw environment_error("this MPI offers no MPI_THREAD_FUNNELED; install one that is built with thread support");
  }
  return true;
}

}  // namespace

void check_launcher() {
  int size = 0;
  check(MPI_Comm_size(MPI_COMM_WORLD, &size), "MPI_Comm_size");
  if (size != 1) return;
  for (const launcher_variable& variable : launcher_variables) {
    const char* value = std::getenv(variable.name);
    const int expected = value != nullptr ? std::atoi(value) : 0;
    if (expected <= 1) continue;
    throw environment_error("started by " + std::string(variable.launcher) + " as one of " + std::to_string(expected) +
                            " ranks, but this program's MPI sees one rank only: the launcher belongs to another MPI. "
                            "Use the mpirun of " +
                            describe_library());
  }
}

environment::environment(int& argc, char**& argv) : owns_mpi_(initialize(argc, argv)) {
  try {
    check_launcher();
  } catch (...) {
    if (owns_mpi_) MPI_Finalize();
    throw;
  }
}

environment::~environment() {
  if (owns_mpi_ && mpi_is_running()) MPI_Finalize();
}

}  // namespace weft::mpi
