// What a machine gives: quotas of containers, and a CPU older than the program.
#include <cstdlib>

#include "core/cpu_quota.h"
#include "core/workers.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

TEST_CASE("quotas of control groups are read, version 2", "[cpu]") {
  const TempDir dir;
  const auto quota = [&] { return detail::cpu_quota(dir.path()); };
  CHECK(quota() == 0);
  dir.write("proc/self/cgroup", "0::/a/b\n");
  CHECK(quota() == 0);
  dir.write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  CHECK(quota() == 0);
  dir.write("sys/fs/cgroup/a/b/cpu.max", "350000 100000\n");
  CHECK(quota() == 4);
  dir.write("sys/fs/cgroup/a/cpu.max", "150000 100000\n");  // the group around it has less
  CHECK(quota() == 2);
  dir.write("sys/fs/cgroup/cpu.max", "20000 100000\n");
  CHECK(quota() == 1);
  for (const char* damaged : {"", "many", "-1 100000", "100000 0", "100000"}) {
    INFO(damaged);
    for (const char* file : {"cpu.max", "a/cpu.max", "a/b/cpu.max"})
      dir.write(std::string("sys/fs/cgroup/") + file, damaged);
    CHECK(quota() == 0);
  }
}

TEST_CASE("quotas of control groups are read, version 1", "[cpu]") {
  const TempDir dir;
  const auto quota = [&] { return detail::cpu_quota(dir.path()); };
  dir.write("proc/self/cgroup", "5:cpuset:/x\n4:cpu,cpuacct:/docker/1\n0::/\n");
  const std::string top = "sys/fs/cgroup/cpu,cpuacct/";
  dir.write(top + "cpu.cfs_period_us", "100000\n");
  dir.write(top + "cpu.cfs_quota_us", "-1\n");
  CHECK(quota() == 0);
  dir.write(top + "cpu.cfs_quota_us", "250000\n");  // all that a container sees: its own group
  CHECK(quota() == 3);
  dir.write(top + "docker/1/cpu.cfs_period_us", "50000\n");
  dir.write(top + "docker/1/cpu.cfs_quota_us", "100000\n");
  CHECK(quota() == 2);
  dir.write("proc/self/cgroup", "4:cpuset:/docker/1\n");
  CHECK(quota() == 0);
}

TEST_CASE("the default number of threads is within the quota", "[cpu]") {
  const int quota = detail::cpu_quota();
  CHECK(available_cpus() >= 1);
  if (quota > 0) CHECK(available_cpus() <= quota);
}

TEST_CASE("a program for a newer CPU says so", "[cpu]") {
  if (!program_built()) return;
  const TempDir dir;
  if (run_shell(dir, "command -v qemu-x86_64").code != 0) {
    WARN("there is no qemu-x86_64, so no older CPU is tried");
    return;
  }
  const ProgramOutcome old = run_shell(dir, "qemu-x86_64 -cpu qemu64 \"$P\" --version");
  CHECK(old.code == 1);
  CHECK_THAT(old.err, contains("fovea: built for a CPU with ") && contains("ARCH=x86-64-v2"));
  CHECK(std::count(old.err.begin(), old.err.end(), '\n') == 1);
}
