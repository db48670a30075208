// How many CPUs the control groups of a container let a process use.
#pragma once

#include <string>

namespace fovea::detail {

/// The smallest quota of the groups that this process is in, rounded up to whole CPUs; 0 without
/// one. Reads `root`/proc/self/cgroup and below `root`/sys/fs/cgroup: cpu.max of version 2,
/// cpu.cfs_quota_us and cpu.cfs_period_us of version 1. What cannot be read is no quota.
int cpu_quota(const std::string& root = "");

}  // namespace fovea::detail
