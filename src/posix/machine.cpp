// SPDX-License-Identifier: BSL-1.0
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <vector>
#include <weft/posix/machine.hpp>

namespace weft::posix {
namespace {

std::optional<std::int64_t> number(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

std::optional<std::int64_t> number_in(const std::string& path) {
  const auto line = first_line(path);
  return line ? number(*line) : std::nullopt;
}

/// The directory of this process's cgroup for a version 1 controller, or of the unified tree (controller "").
/// Lines of /proc/self/cgroup: "4:cpu,cpuacct:/a/b", and "0::/a/b" for version 2.
std::optional<std::string> cgroup_path(const std::string& root, std::string_view controller) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool match =
        controller.empty() ? names == ",," : names.find("," + std::string(controller) + ",") != names.npos;
    if (match) return line.substr(second + 1);
  }
  return std::nullopt;
}

/// The cgroup's directory and those above it, innermost first. Inside a container the path of /proc/self/cgroup may
/// be the outer one; the mount's root, which is then our own group, is the last entry.
std::vector<std::string> levels(const std::string& mount, std::string path) {
  std::vector<std::string> directories;
  for (;;) {
    while (!path.empty() && path.back() == '/') path.pop_back();
    directories.push_back(mount + path);
    if (path.empty()) return directories;
    path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

/// "QUOTA PERIOD" of cpu.max; "max" is no limit.
std::optional<double> quota_v2(const std::string& directory) {
  const auto line = first_line(directory + "/cpu.max");
  if (!line) return std::nullopt;
  const auto space = line->find(' ');
  if (space == std::string::npos) return std::nullopt;
  const auto quota = number(std::string_view(*line).substr(0, space));
  const auto period = number(std::string_view(*line).substr(space + 1));
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<double> quota_v1(const std::string& directory) {
  const auto quota = number_in(directory + "/cpu.cfs_quota_us");
  const auto period = number_in(directory + "/cpu.cfs_period_us");
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

int affinity_count() {
  // The mask's size is not known beforehand: machines have more than the 1024 processors of cpu_set_t.
  for (int processors = 1024; processors <= 1 << 20; processors *= 2) {
    cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(processors));
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(processors));
    const bool known = set != nullptr && ::sched_getaffinity(0, bytes, set) == 0;
    const bool too_small = !known && errno == EINVAL;
    const int count = known ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (known) return std::max(count, 1);
    if (!too_small) break;
  }
  return std::max(1, static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)));
}

std::optional<std::int64_t> cgroup_memory_limit(const std::string& root) {
  std::optional<std::int64_t> least;
  const auto look = [&](const std::string& file) {
    const auto limit = number_in(file);
    if (limit && *limit > 0 && (!least || *limit < *least)) least = limit;
  };
  if (const auto path = cgroup_path(root, ""))
    for (const auto& directory : levels(root + "/sys/fs/cgroup", *path)) look(directory + "/memory.max");
  if (const auto path = cgroup_path(root, "memory"))
    for (const auto& directory : levels(root + "/sys/fs/cgroup/memory", *path))
      look(directory + "/memory.limit_in_bytes");
  return least;
}

}  // namespace

std::optional<int> cgroup_cpu_limit(const std::string& root) {
  std::optional<double> least;
  const auto take = [&](std::optional<double> limit) {
    if (limit && (!least || *limit < *least)) least = limit;
  };
  if (const auto path = cgroup_path(root, ""))
    for (const auto& directory : levels(root + "/sys/fs/cgroup", *path)) take(quota_v2(directory));
  if (const auto path = cgroup_path(root, "cpu"))
    for (const auto& directory : levels(root + "/sys/fs/cgroup/cpu", *path)) take(quota_v1(directory));
  if (!least) return std::nullopt;
  const int whole = static_cast<int>(*least);
  return std::max(1, whole + (*least > whole ? 1 : 0));
}

cpu_facts read_cpus(const std::string& root) {
  cpu_facts facts;
  facts.usable = affinity_count();
  if (const auto limit = cgroup_cpu_limit(root)) facts.usable = std::min(facts.usable, *limit);
  std::ifstream info(root + "/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    const auto colon = line.find(": ");
    if (colon != std::string::npos) facts.model = line.substr(colon + 2);
    break;
  }
  return facts;
}

node_facts read_node(const std::string& root) {
  node_facts facts;
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) == 0) facts.name = name;
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  facts.memory_bytes = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page);
  if (const auto limit = cgroup_memory_limit(root))
    facts.memory_bytes = std::min(facts.memory_bytes, static_cast<std::uint64_t>(*limit));
  facts.process_id = static_cast<int>(::getpid());
  return facts;
}

std::optional<time_point> read_allocation_end() {
  using namespace std::chrono;
  for (const char* name : {"SLURM_JOB_END_TIME", "COBALT_ENDTIME"}) {
    const char* text = ::getenv(name);
    const auto end = text != nullptr ? number(text) : std::nullopt;
    if (!end || *end <= 0 || *end > 1LL << 33) continue;  // nonsense would overflow the nanoseconds
    const auto left = system_clock::from_time_t(static_cast<std::time_t>(*end)) - system_clock::now();
    return time_point(steady_clock::now() + left);
  }
  return std::nullopt;
}

}  // namespace weft::posix
