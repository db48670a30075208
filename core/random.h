// Seeded random numbers whose values depend on nothing but the seed: not on the standard library,
// the number of threads or the order in which samples are processed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace fovea {

/// Mixes 64 bits so that every input bit reaches every output bit (splitmix64's finaliser,
/// Steele et al. 2014). `mix(a, b)` derives a child seed: mix(seed, epoch), mix(seed, sample).
std::uint64_t mix(std::uint64_t value);
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return mix(mix(a) + b);
}

/// A counter-based generator (Philox4x32-10, Salmon et al. 2011): the n-th number is a function of
/// (seed, n), so a stream can be saved as two integers and continued anywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed = 0, std::uint64_t position = 0)
      : seed_(seed), position_(position) {}

  std::uint32_t bits();                  ///< 32 uniform bits
  std::uint32_t below(std::uint32_t n);  ///< uniform integer in [0, n), without bias; n > 0
  double uniform();                      ///< uniform in [0, 1), 32 bits of resolution
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double normal();  ///< standard normal (Marsaglia's polar method, own logarithm)
  double normal(double mean, double stddev) { return mean + stddev * normal(); }

  /// Fisher-Yates; the same seed gives the same order everywhere.
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i)
      std::swap(items[i - 1], items[below(static_cast<std::uint32_t>(i))]);
  }

  std::uint64_t seed() const { return seed_; }
  std::uint64_t position() const { return position_; }  ///< numbers of 32 bits drawn so far

 private:
  std::uint64_t seed_;
  std::uint64_t position_;
  std::uint32_t block_[4] = {};
  std::uint64_t block_index_ = ~std::uint64_t{0};
};

}  // namespace fovea
