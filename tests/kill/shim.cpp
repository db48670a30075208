// A library for LD_PRELOAD that makes one call fail or be the process's last: FOVEA_FAULT="CALL N
// HOW", where CALL is write, fsync or rename, N counts its calls on files from 1, and HOW is kill
// (SIGKILL before the call), half (a write does half, then SIGKILL) or an errno. Descriptors 0 to 2
// are left alone. Only tests load it.
#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

struct Fault {
  char call[16] = "", how[16] = "";
  long at = 0;
  Fault() {
    const char* text = std::getenv("FOVEA_FAULT");
    if (text && std::sscanf(text, "%15s %ld %15s", call, &at, how) != 3) at = 0;
  }
};

// Whether this call is the one, and, unless it is to be half done, what becomes of it.
bool is_due(const char* call) {
  static const Fault fault;
  static std::atomic<long> calls = 0;
  if (std::strcmp(call, fault.call) != 0 || ++calls != fault.at) return false;
  if (std::strcmp(fault.how, "kill") == 0) ::raise(SIGKILL);
  errno = std::atoi(fault.how);
  return true;
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" ssize_t write(int fd, const void* bytes, size_t count) {
  static const auto real = next<ssize_t(int, const void*, size_t)>("write");
  if (fd > STDERR_FILENO && is_due("write")) {
    if (errno != 0) return -1;
    (void)!real(fd, bytes, count / 2);  // "half"
    ::raise(SIGKILL);
  }
  return real(fd, bytes, count);
}

extern "C" int fsync(int fd) {
  static const auto real = next<int(int)>("fsync");
  return is_due("fsync") ? -1 : real(fd);
}

extern "C" int rename(const char* from, const char* to) {
  static const auto real = next<int(const char*, const char*)>("rename");
  return is_due("rename") ? -1 : real(from, to);
}
