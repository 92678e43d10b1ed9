// SPDX-License-Identifier: BSL-1.0
#include "mpi/facts.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <optional>
#include <string_view>

#include "mpi/error.hpp"

namespace weft::mpi {

namespace {

/// A size that the user has set for Open MPI. From the environment, where mpirun puts its `--mca` options as well:
/// asking MPI's tools interface costs 0.2 s.
std::optional<std::uint64_t> mca_size(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = text + std::strlen(text);
  const auto [stopped, failure] = std::from_chars(text, end, value);
  if (failure != std::errc{} || stopped != end) return std::nullopt;
  return value;
}

/// Processors in the union of the affinity masks of all ranks of a node.
int processors_of_all(MPI_Comm node) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) CPU_ZERO(&set);
  cpu_set_t all;
  check(MPI_Allreduce(&set, &all, sizeof set, MPI_BYTE, MPI_BOR, node), "MPI_Allreduce");
  // A machine with more processors than the set holds refuses: then all that are on line count.
  const int count = CPU_COUNT(&all);
  return count > 0 ? count : static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

const char* thread_level_name(int level) {
  if (level == MPI_THREAD_SINGLE) return "single";
  if (level == MPI_THREAD_FUNNELED) return "funneled";
  if (level == MPI_THREAD_SERIALIZED) return "serialized";
  return "multiple";
}

}  // namespace

node_members find_node_members(MPI_Comm comm) {
  MPI_Comm node = MPI_COMM_NULL;
  check(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node), "MPI_Comm_split_type");
  MPI_Group of_node = MPI_GROUP_NULL;
  MPI_Group of_comm = MPI_GROUP_NULL;
  MPI_Comm_group(node, &of_node);
  MPI_Comm_group(comm, &of_comm);
  int size = 0;
  MPI_Group_size(of_node, &size);
  std::vector<int> local(static_cast<std::size_t>(size));
  node_members members{std::vector<int>(local.size()), processors_of_all(node)};
  std::iota(local.begin(), local.end(), 0);
  const int code = MPI_Group_translate_ranks(of_node, size, local.data(), of_comm, members.ranks.data());
  MPI_Group_free(&of_node);
  MPI_Group_free(&of_comm);
  MPI_Comm_free(&node);
  check(code, "MPI_Group_translate_ranks");
  std::sort(members.ranks.begin(), members.ranks.end());
  return members;
}

transport_limits find_limits(MPI_Comm comm) {
  transport_limits limits;
  void* value = nullptr;
  int found = 0;
  check(MPI_Comm_get_attr(comm, MPI_TAG_UB, static_cast<void*>(&value), &found), "MPI_Comm_get_attr");
  if (found != 0) limits.max_tag = *static_cast<const int*>(value);
  // Open MPI's shared memory; other paths have larger limits, and MPICH's are larger too.
  if (const auto eager = mca_size("OMPI_MCA_btl_vader_eager_limit")) limits.eager_bytes = *eager;
  return limits;
}

std::string describe_library() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING + 1> text{};
  int length = 0;
  check(MPI_Get_library_version(text.data(), &length), "MPI_Get_library_version");
  std::string_view library(text.data(), static_cast<std::size_t>(length));
  library = library.substr(0, library.find_first_of(",\n"));
  int major = 0;
  int minor = 0;
  MPI_Get_version(&major, &minor);
  int level = MPI_THREAD_SINGLE;
  MPI_Query_thread(&level);
  return std::string(library) + ", MPI " + std::to_string(major) + "." + std::to_string(minor) + ", thread level " +
         thread_level_name(level);
}

MPI_Request find_done_request() {
  MPI_Request done = MPI_REQUEST_NULL;
#ifdef OPEN_MPI
  check(MPI_Isend(nullptr, 0, MPI_BYTE, MPI_PROC_NULL, 0, MPI_COMM_SELF, &done), "MPI_Isend");
  MPI_Request finished = done;
  check(MPI_Wait(&finished, MPI_STATUS_IGNORE), "MPI_Wait");
#endif
  return done;
}

}  // namespace weft::mpi
