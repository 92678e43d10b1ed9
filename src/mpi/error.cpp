// SPDX-License-Identifier: BSL-1.0
#include "mpi/error.hpp"

#include <array>

#include <weft/core/error.hpp>

namespace weft::mpi {

std::string error_text(int code) {
  std::array<char, MPI_MAX_ERROR_STRING + 1> text{};
  int length = 0;
  if (MPI_Error_string(code, text.data(), &length) != MPI_SUCCESS) return "unknown MPI error " + std::to_string(code);
  return {text.data(), static_cast<std::size_t>(length)};
}

void throw_error(int code, const char* call) { throw world_error(std::string(call) + ": " + error_text(code), code); }

bool mpi_is_running() noexcept {
  int initialized = 0;
  int finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  return initialized != 0 && finalized == 0;
}

}  // namespace weft::mpi
