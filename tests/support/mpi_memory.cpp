// SPDX-License-Identifier: BSL-1.0
#include "support/mpi_memory.hpp"

#include <mpi.h>

#include <fstream>
#include <limits>
#include <string>

namespace weft::test {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer);
#else
constexpr bool sanitized = false;
#endif

/// Free memory and what the kernel can take back from its caches.
std::uint64_t available_bytes() {
  std::ifstream facts("/proc/meminfo");
  for (std::string name; facts >> name;) {
    std::uint64_t kibibytes = 0;
    if (name == "MemAvailable:" && facts >> kibibytes) return kibibytes * 1024;
    facts.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace

bool has_free_memory(std::uint64_t bytes) {
  const int mine = !sanitized && available_bytes() >= bytes ? 1 : 0;
  int all = 0;
  MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  return all == 1;
}

}  // namespace weft::test
