// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <weft/posix/machine.hpp>

#include "support/scratch_directory.hpp"

namespace weft::posix {
namespace {

/// A planted /proc and /sys.
class machine : public ::testing::Test {
 protected:
  ~machine() override {
    ::unsetenv("SLURM_JOB_END_TIME");
    ::unsetenv("COBALT_ENDTIME");
  }
  void plant(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  const weft::testing::scratch_directory scratch_;
  const std::string& root_ = scratch_.path();
};

TEST_F(machine, no_cgroup_is_no_limit) { EXPECT_EQ(cgroup_cpu_limit(root_), std::nullopt); }

TEST_F(machine, version_2_takes_the_tightest_level_and_rounds_up) {
  plant("/proc/self/cgroup", "0::/slurm/job_1/step_0\n");
  plant("/sys/fs/cgroup/slurm/cpu.max", "250000 100000\n");
  plant("/sys/fs/cgroup/slurm/job_1/cpu.max", "800000 100000\n");
  plant("/sys/fs/cgroup/slurm/job_1/step_0/cpu.max", "max 100000\n");
  EXPECT_EQ(cgroup_cpu_limit(root_), 3);
  plant("/sys/fs/cgroup/slurm/job_1/step_0/cpu.max", "10000 100000\n");
  EXPECT_EQ(cgroup_cpu_limit(root_), 1);
}

TEST_F(machine, version_1_and_a_container_that_shows_its_group_as_root) {
  plant("/proc/self/cgroup", "5:cpuset:/x\n4:cpu,cpuacct:/docker/abc\n0::/\n");
  plant("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  plant("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(cgroup_cpu_limit(root_), 4);
  plant("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(cgroup_cpu_limit(root_), std::nullopt);
}

TEST_F(machine, torn_and_foreign_files_are_no_limit) {
  for (const char* text : {"", "\n", "100000", "a b\n", "100000 0\n", "0 100000\n", "99999999999999999999 1\n"}) {
    plant("/proc/self/cgroup", "nonsense\n0::/a\n");
    plant("/sys/fs/cgroup/a/cpu.max", text);
    EXPECT_EQ(cgroup_cpu_limit(root_), std::nullopt) << text;
  }
}

TEST_F(machine, usable_processors_obey_affinity_and_limit) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(read_cpus(root_).usable, CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu)
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(read_cpus(root_).usable, 1);
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
  plant("/proc/self/cgroup", "0::/\n");
  plant("/sys/fs/cgroup/cpu.max", "100000 100000\n");
  plant("/proc/cpuinfo", "processor\t: 0\nmodel name\t: Loom 2000\nmodel name\t: other\n");
  EXPECT_EQ(read_cpus(root_).usable, 1);
  EXPECT_EQ(read_cpus(root_).model, "Loom 2000");
}

TEST_F(machine, memory_obeys_the_cgroup) {
  const auto all = read_node(root_).memory_bytes;
  plant("/proc/self/cgroup", "0::/a\n8:memory:/m\n");
  plant("/sys/fs/cgroup/a/memory.max", "max\n");
  EXPECT_EQ(read_node(root_).memory_bytes, all);
  plant("/sys/fs/cgroup/memory/m/memory.limit_in_bytes", "1048576\n");
  EXPECT_EQ(read_node(root_).memory_bytes, 1048576U);
}

TEST_F(machine, allocation_end_in_steady_time) {
  using namespace std::chrono;
  ::unsetenv("SLURM_JOB_END_TIME");
  ::unsetenv("COBALT_ENDTIME");
  EXPECT_EQ(read_allocation_end(), std::nullopt);
  for (const char* name : {"COBALT_ENDTIME", "SLURM_JOB_END_TIME"}) {
    ::setenv(name, std::to_string(std::time(nullptr) + 3600).c_str(), 1);
    const auto end = read_allocation_end();
    ASSERT_TRUE(end.has_value());
    EXPECT_NEAR(std::chrono::duration<double>(*end - steady_clock::now()).count(), 3600, 2);
    for (const char* nonsense : {"", "soon", "0", "-5", "12x", "99999999999999"}) {
      ::setenv(name, nonsense, 1);
      EXPECT_EQ(read_allocation_end(), std::nullopt) << nonsense;
    }
  }
}

}  // namespace
}  // namespace weft::posix
