// Runs a fuzz target for some seconds: seeds, changed at random (--seconds N [--seed N]). With FILE
// arguments it runs those instead, to look at a find again. Works with every compiler; for
// coverage-guided fuzzing link the target with clang's -fsanitize=fuzzer instead:
// LLVMFuzzerTestOneInput is here too.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/random.h"
#include "tests/fuzz/fuzz.h"

namespace fovea::fuzz {

MemoryFile::MemoryFile(std::span<const std::uint8_t> content) : fd_(::memfd_create("fuzz", 0)) {
  require(fd_ >= 0, "memfd_create failed");
  write_fully(fd_, content, "memfd");
}
MemoryFile::~MemoryFile() {
  ::close(fd_);
}
std::string MemoryFile::path() const {
  return cat("/proc/self/fd/", fd_);
}

Folder::Folder() {
  path_ = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/fovea-fuzz-XXXXXX" : "/tmp/fovea-fuzz-XXXXXX";
  require(::mkdtemp(path_.data()) != nullptr, path_, ": cannot be made");
}
Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}
std::string Folder::write(const std::string& name, std::span<const std::uint8_t> content) const {
  const std::string path = cat(path_, "/", name);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  require(fd >= 0, path, ": cannot be written");
  write_fully(fd, content, path);
  ::close(fd);
  return path;
}

Bytes gzip(const Bytes& content) {
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  Bytes out(deflateBound(&z, content.size()));
  z.next_in = const_cast<Bytef*>(content.data());
  z.avail_in = static_cast<uInt>(content.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

namespace {

std::size_t place(Random& rng, const Bytes& bytes) {
  // Half of all changes go to the first bytes, where headers are.
  const std::size_t size = rng.below(2) ? bytes.size() : std::min<std::size_t>(bytes.size(), 64);
  return rng.below(static_cast<std::uint32_t>(size));
}

void mutate(Random& rng, const std::vector<Bytes>& seeds, Bytes& bytes) {
  if (bytes.empty()) bytes.push_back(0);
  const std::size_t at = place(rng, bytes);
  switch (rng.below(7)) {
    case 0: bytes[at] ^= static_cast<std::uint8_t>(1u << rng.below(8)); break;
    case 1: bytes[at] = static_cast<std::uint8_t>(rng.bits()); break;
    case 2: {  // numbers at the edge of their type
      static constexpr std::uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff};
      const std::size_t count = std::min<std::size_t>(1u << rng.below(4), bytes.size() - at);
      std::memset(bytes.data() + at, edges[rng.below(5)], count);
      break;
    }
    case 3: bytes.resize(at); break;
    case 4: bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at)); break;
    case 5:
      bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), 1 + rng.below(16),
                   static_cast<std::uint8_t>(rng.bits()));
      break;
    default: {  // the tail of another seed
      const Bytes& other = seeds[rng.below(static_cast<std::uint32_t>(seeds.size()))];
      const std::size_t from = std::min(at, other.size());
      bytes.resize(at);
      bytes.insert(bytes.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
    }
  }
}

// The input at work, so that a find can be written down while the process dies.
Bytes current;

void save_current() {
  const std::string path = cat("/tmp/fuzz-", target_name, "-find");
  if (std::FILE* out = std::fopen(path.c_str(), "wb")) {
    std::fwrite(current.data(), 1, current.size(), out);
    std::fclose(out);
    std::fprintf(stderr, "fuzz_%s: the input is in %s\n", target_name, path.c_str());
  }
}

void run_one() {
  try {
    run(current);
  } catch (const Error&) {
  }  // the right answer to a damaged file
}

void fuzz_for(double seconds, std::uint64_t seed) {
  using Clock = std::chrono::steady_clock;
  const std::vector<Bytes> start = seeds();
  for (const Bytes& bytes : start) {
    current = bytes;
    run(current);  // a seed is valid: an Error here is a find too
  }
  Random rng(seed);
  long runs = 0;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  for (; Clock::now() < end; ++runs) {
    current = start[rng.below(static_cast<std::uint32_t>(start.size()))];
    for (std::uint32_t i = 0, n = 1 + rng.below(6); i < n; ++i) mutate(rng, start, current);
    run_one();
  }
  // Not on standard output: a target may have sent that away.
  const double cpu = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  std::fprintf(stderr, "fuzz_%s: %ld inputs in %.0f s (%.0f of a CPU), seed %llu, no find\n",
               target_name, runs, seconds, cpu, static_cast<unsigned long long>(seed));
}

}  // namespace

}  // namespace fovea::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    fovea::fuzz::run({data, size});
  } catch (const fovea::Error&) {
  }
  return 0;
}

#if defined(__SANITIZE_ADDRESS__)
extern "C" void __sanitizer_set_death_callback(void (*callback)());
#endif

#ifndef FOVEA_LIBFUZZER
int main(int argc, char** argv) {
  using namespace fovea::fuzz;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(save_current);
#endif
  try {
    if (argc >= 3 && std::strcmp(argv[1], "--seconds") == 0) {
      const bool seeded = argc == 5 && std::strcmp(argv[3], "--seed") == 0;
      fovea::require(argc == 3 || seeded, "--seconds N [--seed N], or files");
      // Another seed every day, and the same all day long.
      fuzz_for(std::atof(argv[2]), seeded ? std::strtoull(argv[4], nullptr, 10)
                                          : static_cast<std::uint64_t>(std::time(nullptr) / 86400));
      return 0;
    }
    for (int i = 1; i < argc; ++i) {
      current = fovea::read_file(argv[i], std::size_t{1} << 30);
      run_one();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fuzz_%s: %s\n", target_name, error.what());
    save_current();
    return 1;
  }
  return 0;
}
#endif
