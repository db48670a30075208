#include "core/cpu_quota.h"

#include <algorithm>
#include <cmath>
#include <fstream>

namespace fovea::detail {

namespace {

// Whole CPUs of "QUOTA PERIOD" in microseconds; 0 for "max", -1 and what is no such text.
int cpus_of(double quota, double period) {
  if (!(quota > 0 && period > 0)) return 0;
  return static_cast<int>(std::min(std::ceil(quota / period), 65536.0));
}

int quota_v2(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  double quota = 0, period = 0;
  return file >> quota >> period ? cpus_of(quota, period) : 0;
}

int quota_v1(const std::string& folder) {
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us"),
      period_file(folder + "/cpu.cfs_period_us");
  double quota = 0, period = 0;
  return quota_file >> quota && period_file >> period ? cpus_of(quota, period) : 0;
}

// A group is bound by all that it is in. A container may see its own only, at the top.
int smallest(const std::string& top, std::string path, int (*quota_of)(const std::string&)) {
  int least = 0;
  while (true) {
    while (!path.empty() && path.back() == '/') path.pop_back();
    const int quota = quota_of(top + path);
    if (quota > 0 && (least == 0 || quota < least)) least = quota;
    if (path.empty()) return least;
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

// Whether "cpuset,cpu,cpuacct" has "cpu".
bool has_cpu(const std::string& controllers) {
  return ("," + controllers + ",").find(",cpu,") != std::string::npos;
}

}  // namespace

int cpu_quota(const std::string& root) {
  const std::string mounted = root + "/sys/fs/cgroup";
  std::ifstream groups(root + "/proc/self/cgroup");
  int least = 0;
  for (std::string line; std::getline(groups, line);) {  // ID:CONTROLLERS:/PATH
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    int quota = 0;
    if (controllers.empty()) quota = smallest(mounted, path, quota_v2);
    if (has_cpu(controllers))
      for (const std::string& name : {controllers, std::string("cpu")})
        if (quota == 0) quota = smallest(mounted + "/" + name, path, quota_v1);
    if (quota > 0 && (least == 0 || quota < least)) least = quota;
  }
  return least;
}

}  // namespace fovea::detail
