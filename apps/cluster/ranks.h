// Processes that train together, on one machine or several. Everything they say to each other goes
// through one function, exchange(); MPI is behind it where the program was built with it (mpi.cpp),
// and nothing where it was not (alone.cpp): the Makefile takes one of the two files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "core/error.h"

namespace fovea {

/// Others did not answer in time.
class LostRanks : public Error {
 public:
  using Error::Error;
};

/// One of `size()` processes, and the way to the others. The calls of one thread only; all ranks
/// make the same calls, in the same order.
class Ranks {
 public:
  virtual ~Ranks() = default;
  virtual int rank() const { return 0; }  ///< 0 to size() - 1; rank 0 prints and writes files
  virtual int size() const { return 1; }

  /// Sends to[r] to every rank r, and fills from[r] with what that one sent here; what goes to
  /// itself is copied. Sizes must agree on both sides. Bytes arrive as they are: nothing is summed
  /// on the way, so nothing depends on who came first. Throws LostRanks, naming those that were
  /// not heard of for rank_timeout() seconds.
  virtual void exchange(std::span<const std::span<const std::byte>> to,
                        std::span<const std::span<std::byte>> from);

  /// How many ranks, this one among them, may use the CPUs that this one may use.
  virtual int sharing_cpus() const { return 1; }

  /// Between these two, a rank that ends takes the job with it; outside, it waits for the others.
  void begin() { working_ = true; }
  void end() { working_ = false; }

 protected:
  bool working_ = false;
};

/// The job that this process was started in: by mpirun, else alone. Throws Error if this program
/// was started several times by mpirun and knows nothing of it.
Ranks& ranks();
/// This process by itself, whatever it was started in.
Ranks& alone();

/// FOVEA_RANK_TIMEOUT, 60 without it. Throws Error if that is not a number above 0.
double rank_timeout();

/// For the line that tells why this process ends: "" or, behind the first rank, "rank 1: " after a
/// second. If all fail for one reason, the first has said so by then, and ended the job.
std::string failing_rank();

/// The threads of this process where nobody said how many: its CPUs, divided among those that share
/// them.
int default_threads(const Ranks& ranks);

/// The `count` things a job has to do, in as many parts as there are ranks: part r is
/// [part_begin(count, r), part_begin(count, r + 1)).
inline std::size_t part_begin(const Ranks& ranks, std::size_t count, int r) {
  return count * static_cast<std::size_t>(r) / static_cast<std::size_t>(ranks.size());
}

/// Every rank has made its part (part_begin) of `count` values of `value_size` bytes at `values`;
/// afterwards all have all.
void share_parts(Ranks& ranks, void* values, std::size_t count, std::size_t value_size);

/// What every rank gives here, in order of ranks.
template <class T>
requires std::is_trivially_copyable_v<T> std::vector<T> all_of(Ranks& ranks, const T& mine) {
  std::vector<T> values(static_cast<std::size_t>(ranks.size()), mine);
  share_parts(ranks, values.data(), values.size(), sizeof(T));
  return values;
}

/// Returns when all ranks have called it.
void barrier(Ranks& ranks);

/// The first text, in order of ranks, that is not empty; up to 400 bytes of it.
std::string first_text(Ranks& ranks, const std::string& mine);

/// Throws Error naming the first rank whose value is not that of rank 0: "rank 1 has WHAT".
void require_same(Ranks& ranks, std::uint32_t value, const char* what);

}  // namespace fovea
